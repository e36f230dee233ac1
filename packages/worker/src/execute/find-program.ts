/** Which file a step's program is, and what is taken back of what the shells before it add. */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { ProcessSpec } from "./process-tree.ts";

const defaultPath = "/usr/bin:/bin";

/** The file that a name stands for, as the system looks for it; undefined: there is none that could be started. */
export function findProgram({
  argv,
  env,
  cwd,
}: Pick<ProcessSpec, "argv" | "env" | "cwd">): string | undefined {
  const [name = ""] = argv;
  if (name === "") return undefined;
  if (name.includes("/")) return [resolve(cwd, name)].find(isProgram);
  const folders = (env.get("PATH") ?? defaultPath).split(delimiter);
  return folders.map((folder) => join(resolve(cwd, folder), name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** For a shell before the step: drops the variables that shells add by themselves, so that the step has its own only. */
export function forgetting(env: ReadonlyMap<string, string>): string {
  const added = ["PWD", "OLDPWD", "SHLVL", "_"].filter((name) => !env.has(name));
  return added.length === 0 ? "" : `unset ${added.join(" ")}; `;
}
