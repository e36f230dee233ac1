/** The files that a DAG names under `dotenv`, read beside it to be sent along. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, messageOf, pathProblem, systemCodeOf } from "@haversack/base";
import { type DotenvTexts, dotenvBytesMax, dotenvFilesMax } from "@haversack/protocol";
import { parseYaml } from "@haversack/snapshot";

/**
 * One that is missing is left out: the coordinator tells where the DAG names it, if it is needed. Only files below the
 * folder are read, whatever the DAG says. Rejects with FaultError when a file is there and cannot be read.
 */
export async function readDotenvFiles(dag: string, folder: string): Promise<DotenvTexts> {
  const texts: [string, string][] = [];
  for (const path of dotenvPaths(dag)) {
    const text = await readText(path, folder);
    if (text !== undefined) texts.push([path, text]);
  }
  return Object.fromEntries(texts);
}

/** Those that are good paths. What is no DAG has none: the coordinator will say why. */
function dotenvPaths(dag: string): string[] {
  const { dotenv } = { ...(parseYaml(dag).value as { dotenv?: unknown } | null | undefined) };
  const paths = [dotenv].flat().map((entry) => (isEntry(entry) ? entry.path : entry));
  const good = paths.filter((path) => typeof path === "string" && pathProblem(path) === undefined);
  return (good as string[]).slice(0, dotenvFilesMax);
}

const isEntry = (value: unknown): value is { readonly path: unknown } =>
  typeof value === "object" && value !== null && "path" in value;

async function readText(path: string, folder: string): Promise<string | undefined> {
  const cannot = (why: string): FaultError =>
    new FaultError("invalid", "dotenv_file", `the dotenv file ${path} cannot be read: ${why}`);
  try {
    const bytes = await readFile(join(folder, path));
    if (bytes.length > dotenvBytesMax)
      throw cannot(`it has ${bytes.length} bytes, at most ${dotenvBytesMax} are allowed`);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof FaultError) throw error;
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw cannot(messageOf(error));
  }
}
