/** `/etc/haversack-base.json`: what a container says that it is made of, compared with what the task names. */

import { FaultError } from "@haversack/base";
import type { Digest } from "@haversack/protocol";
import { z } from "zod";
import { launchCodes } from "./fallback.ts";
import { containerUser } from "./own-folder.ts";
import type { Deploy } from "./parts.ts";

const file = "/etc/haversack-base.json";
const bytesMax = 65_536;

const form = z.object({
  format: z.literal("haversack-base"),
  version: z.literal(1),
  stamp: z.string(),
  recipe: z.string(),
  arch: z.string(),
});

export interface Proven {
  readonly recipe: Digest;
  /** Absent: not looked at. */
  readonly stamp?: string;
  readonly arch: string;
}

/** What is wrong with the text; undefined: it proves what was expected. Pure. */
export function proofProblem(text: string, expected: Proven): string | undefined {
  const read = form.safeParse(parsed(text));
  if (!read.success) return "it is not of the format haversack-base, version 1";
  const { recipe, stamp, arch } = read.data;
  const differs = (what: string, is: string, wanted: string): string =>
    `its ${what} is ${JSON.stringify(is.slice(0, 100))}, not ${wanted}`;
  if (recipe !== expected.recipe) return differs("recipe", recipe, expected.recipe);
  if (expected.stamp !== undefined && stamp !== expected.stamp)
    return differs("stamp", stamp, expected.stamp);
  if (arch !== expected.arch) return differs("architecture", arch, expected.arch);
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined: the file is not there. Rejects when the container does not run. */
export async function readProof(deploy: Deploy, id: string): Promise<string | undefined> {
  const argv = ["/bin/cat", file];
  const command = { argv, outputMax: bytesMax, user: containerUser };
  const { exitCode, output } = await deploy.runtime.exec(id, command, deploy.signal);
  return exitCode === 0 ? Buffer.from(output).toString("utf8") : undefined;
}

/** Rejects `wrong_base_image`. */
export async function checkProof(deploy: Deploy, id: string, expected: Proven): Promise<void> {
  const text = await readProof(deploy, id);
  const problem = text === undefined ? "it is not there" : proofProblem(text, expected);
  if (problem === undefined) return;
  const message = `${file} in the container does not prove what the task names: ${problem}`;
  throw new FaultError("corrupt", launchCodes.wrongContent, message);
}
