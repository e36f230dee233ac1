/** Runs the recipe in a container whose process 1 waits for it; exactly what the image pipeline runs. */

import { hash } from "node:crypto";
import { FaultError } from "@haversack/base";
import type { ImageRecipe } from "@haversack/protocol";
import { cleanLines } from "./life.ts";
import type { Deploy } from "./parts.ts";
import { checkProof, type Proven, proofProblem, readProof } from "./proof.ts";

/** Not in `/tmp`: what is put into a container does not reach its memory file systems on every engine. */
const recipePath = "/var/lib/haversack/recipe.sh";
const scriptBytesMax = 65_536;
const outputMax = 4096;
const phaseLine = /^haversack phase \w+\n/gm;

/** Rejects `recipe_wrong`: what came is not what the task names. */
export function checkRecipe({ script, digest }: ImageRecipe): void {
  if (script.length > scriptBytesMax || `sha256:${hash("sha256", script)}` !== digest) {
    const message = `the recipe of the task has ${script.length} bytes and is not ${digest}; it is not run`;
    throw new FaultError("corrupt", "recipe_wrong", message);
  }
}

/** Rejects `recipe_failed` with its last words. A container that is provisioned already is left as it is. */
export async function provision(deploy: Deploy, id: string, expected: Proven): Promise<void> {
  const { runtime, work, recipeEnv, signal } = deploy;
  const { recipe } = work;
  if (recipe === undefined) throw new FaultError("invalid", "no_recipe", "the task has no recipe");
  const before = await readProof(deploy, id);
  if (before !== undefined && proofProblem(before, expected) === undefined) return;
  const file = { path: recipePath, data: recipe.script, mode: 0o500, uid: 0, gid: 0 };
  await runtime.putFiles(id, [file], signal);
  const { exitCode, output } = await runtime.exec(
    id,
    { argv: ["/bin/sh", recipePath], env: recipeEnv, user: "0:0", outputMax, onOutput: deploy.output },
    signal,
  );
  if (exitCode !== 0) {
    const message = `the recipe ended with exit code ${exitCode} in the container: ${lastWords(output)}`;
    throw new FaultError("unavailable", "recipe_failed", message);
  }
  await checkProof(deploy, id, expected);
}

/** Of a recipe; its phases are in the log, and the one it ended in is in what it says of that. */
export const lastWords = (output: Uint8Array): string =>
  cleanLines(Buffer.from(output).toString("utf8").replaceAll(phaseLine, ""));
