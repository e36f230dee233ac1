/** What is sent for `haversack run FILE -p name=value`. */

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FaultError, messageOf } from "@haversack/base";
import { type DagText, dagBytesMax, type StoredDag, type Submission } from "@haversack/protocol";
import { parseYaml } from "@haversack/snapshot";
import { readDotenvFiles } from "./dotenv-files.ts";

export async function prepareSubmission(
  file: string,
  given: ReadonlyMap<string, string>,
  idempotencyKey: string,
  cwd: string,
): Promise<Submission> {
  const text = await readDagText(file, cwd);
  const paths = withAbsolutePaths(text.dag, given, cwd, dirname(resolve(cwd, file)));
  return { ...text, params: Object.fromEntries(paths), idempotencyKey };
}

/** The same for a DAG that the coordinator keeps. Its own folder is not here, so a default that is a path stays. */
export function prepareStored(
  { name, source }: Pick<StoredDag, "name" | "source">,
  given: ReadonlyMap<string, string>,
  idempotencyKey: string,
  cwd: string,
): Submission {
  const paths = [...pathParams(source).keys()].filter((param) => given.has(param));
  const params = new Map(given);
  for (const param of paths) params.set(param, resolve(cwd, given.get(param) ?? ""));
  return { dag: "", dagName: name, fileName: "", params: Object.fromEntries(params), idempotencyKey };
}

/** A DAG file and the dotenv files beside it. */
export async function readDagText(file: string, cwd: string): Promise<DagText> {
  const dag = await readDag(file, cwd);
  return { dag, fileName: file, dotenv: await readDotenvFiles(dag, dirname(resolve(cwd, file))) };
}

export async function readDag(file: string, cwd: string): Promise<string> {
  const bytes = await readFile(resolve(cwd, file)).catch((error: unknown) => {
    throw new FaultError("invalid", "dag_file", `the DAG file cannot be read: ${messageOf(error)}`);
  });
  if (bytes.length > dagBytesMax) {
    const size = `it has ${bytes.length} bytes, at most ${dagBytesMax} are allowed`;
    throw new FaultError("invalid", "dag_too_large", `${file} is too large for a DAG: ${size}`);
  }
  return bytes.toString("utf8");
}

/**
 * A path means the same on every machine only when it is absolute. A parameter with `format: path` that is given is
 * relative to the caller's folder, its default to the folder of the DAG. Values stay text: the coordinator knows the types.
 */
export function withAbsolutePaths(
  dag: string,
  given: ReadonlyMap<string, string>,
  cwd: string,
  dagFolder: string,
): ReadonlyMap<string, string> {
  const params = new Map(given);
  for (const [name, fallback] of pathParams(dag)) {
    const value = given.get(name);
    if (value !== undefined) params.set(name, resolve(cwd, value));
    else if (fallback !== undefined) params.set(name, resolve(dagFolder, fallback));
  }
  return params;
}

/** Name and default of each parameter that is a path. A file that is no DAG has none: the coordinator will say why. */
function pathParams(dag: string): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const [name, spec] of entriesOf(paramsIn(dag))) {
    const { format, default: fallback } = Object.fromEntries(entriesOf(spec));
    if (format === "path") found.set(name, typeof fallback === "string" ? fallback : undefined);
  }
  return found;
}

function paramsIn(dag: string): unknown {
  return Object.fromEntries(entriesOf(parseYaml(dag).value)).params;
}

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === "object" && value !== null ? Object.entries(value) : [];
