/**
 * Which life of the embedded database issues fences: a counter and a random tag, in a file beside it. Whoever puts a
 * database back from a copy raises the counter, so that no fence of the lost future is accepted (P10). The tag tells two
 * copies apart that were put back from one backup.
 */

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { readIfThere, writeDurably } from "@haversack/base";
import { type Generation, parseGeneration } from "@haversack/protocol";

const fileName = "generation";

/** Makes the first one when there is none. */
export async function readGeneration(folder: string): Promise<Generation> {
  return (await generationIfThere(folder)) ?? (await write(folder, 1));
}

/** A generation later than that of the folder and than those given. On disk when this resolves. */
export async function raiseGeneration(
  folder: string,
  earlier: readonly (string | undefined)[],
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
