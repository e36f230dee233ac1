/**
 * Which life of the embedded database issues fences: a counter and a random tag, in a file beside it. It grows whenever the
 * database is opened to be written, and before one is put back: so whatever was done to its files in between, by a restore
 * or by hand, no fence of the lost future is accepted (P10). A live attempt has the generation of its claim in its row and
 * goes on. The tag tells two copies apart that were put back from one backup.
 */

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { readIfThere, writeDurably } from "@haversack/base";
import { type Generation, parseGeneration } from "@haversack/protocol";

const fileName = "generation";

/** A generation later than that of the folder and than those given. On disk when this resolves: the first one is 1. */
export async function raiseGeneration(
  folder: string,
  earlier: readonly (string | undefined)[] = [],
): Promise<Generation> {
  const known = [await generationIfThere(folder), ...earlier].filter((each) => each !== undefined);
  const counters = known.map((each) => Number.parseInt(each, 10)).filter(Number.isSafeInteger);
  return await write(folder, Math.max(0, ...counters) + 1);
}

export async function generationIfThere(folder: string): Promise<Generation | undefined> {
  const stored = await readIfThere(join(folder, fileName));
  return stored === undefined ? undefined : parseGeneration(stored.toString("utf8").trim());
}

async function write(folder: string, counter: number): Promise<Generation> {
  const fresh = parseGeneration(`${counter}-${randomBytes(8).toString("hex")}`);
  await writeDurably(join(folder, fileName), `${fresh}\n`);
  return fresh;
}
