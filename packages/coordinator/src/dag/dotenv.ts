/**
 * `dotenv`: files of variables beside the DAG. Whoever submits or stores a DAG reads them and sends them along, so a run
 * has them as they were at that moment. Later files win over earlier ones, `env` of the DAG over all of them. What
 * stands in a file is taken word for word: no expression and no `$NAME` in it means anything.
 */

import { posix } from "node:path";
import { parseEnv } from "node:util";
import { pathProblem } from "@haversack/base";
import {
  type DotenvTexts,
  dotenvBytesMax,
  dotenvFilesMax,
  loadsCode,
  type Problem,
} from "@haversack/protocol";
import { z } from "zod";
import { fieldOf, type YamlPath, type YamlSource } from "./yaml-source.ts";

const path = z.string().min(1).max(240);
const entry = z.strictObject({ path, optional: z.boolean().default(false) }).meta({ id: "dotenvFile" });
const one = z.union([path, entry], "expected a path, or {path, optional}");

export const dotenvSchema = z
  .union(
    [one, z.array(one).min(1).max(dotenvFilesMax)],
    `expected a path, {path, optional}, or 1 to ${dotenvFilesMax} of them`,
  )
  .meta({ id: "dotenv" });

export interface ReadDotenv {
  readonly env: Readonly<Record<string, string>>;
  /** The texts that were read, with the names that problems give them. */
  readonly files: readonly { readonly file: string; readonly text: string }[];
  readonly problems: readonly Problem[];
}

/** Names that Haversack sets itself, or that decide what programs load. */
export const isForbiddenEnv = (name: string): boolean => /^(HAVERSACK_|PARAM_)/.test(name) || loadsCode(name);

/** What the agent server of a deployment lets others settle: docs/images.md. */
export const agentServerEnv: ReadonlySet<string> = new Set([
  "HAVERSACK_REHEARSAL",
  "HAVERSACK_TURNS_MAX",
  "HAVERSACK_WORK_FOLDER",
]);

export function readDotenv(
  declared: z.infer<typeof dotenvSchema> | undefined,
  texts: DotenvTexts,
  source: YamlSource,
): ReadDotenv {
  const entries = [declared ?? []]
    .flat()
    .map((each) => (typeof each === "string" ? { path: each, optional: false } : each));
  const isList = Array.isArray(declared);
  const tell = (at: YamlPath, message: string): Problem => {
    const field = fieldOf(at);
    return { file: source.file, ...source.at(field), field, code: "bad_dotenv", message };
  };
  const problems: Problem[] = undeclared(entries, texts, (message) => tell(["dotenv"], message));
  const files: ReadDotenv["files"][number][] = [];
  const env: Record<string, string> = {};
  for (const [index, each] of entries.entries()) {
    const text = Object.hasOwn(texts, each.path) ? texts[each.path] : undefined;
    const problem = fileProblem(each, text);
    if (problem !== undefined) problems.push(tell(isList ? ["dotenv", index] : ["dotenv"], problem));
    else if (text !== undefined) {
      const file = posix.join(posix.dirname(source.file), each.path);
      const read = readVariables(file, text.replace(/^\uFEFF/, ""));
      files.push({ file, text });
      problems.push(...read.problems);
      Object.assign(env, read.env);
    }
  }
  return { env, files, problems };
}

function undeclared(
  entries: readonly { path: string }[],
  texts: DotenvTexts,
  tell: (message: string) => Problem,
): Problem[] {
  const known = new Set(entries.map((each) => each.path));
  return Object.keys(texts)
    .filter((name) => !known.has(name))
    .map((name) => tell(`the file ${JSON.stringify(name)} was sent along, but the DAG does not name it`));
}

function fileProblem(
  { path, optional }: { path: string; optional: boolean },
  text: string | undefined,
): string | undefined {
  const named = JSON.stringify(path);
  const bad = pathProblem(path);
  if (bad !== undefined)
    return `the path ${named} ${bad}; expected a file beside the DAG or below its folder`;
  if (text === undefined) {
    return optional
      ? undefined
      : `there is no file ${named} beside the DAG; make it, or write { path: ${path}, optional: true } if it may be missing`;
  }
  const bytes = Buffer.byteLength(text);
  return bytes > dotenvBytesMax
    ? `${named} has ${bytes} bytes, at most ${dotenvBytesMax} are allowed`
    : undefined;
}

function readVariables(file: string, text: string): Pick<ReadDotenv, "env" | "problems"> {
  const variables = Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? ""] as const);
  const problems: Problem[] = strayLines(
    text,
    variables.map(([, value]) => value),
  ).map((line) => ({
    file,
    line,
    column: 1,
    field: "",
    code: "bad_dotenv",
    message: "expected NAME=value, or a comment that begins with #",
  }));
  const good: [string, string][] = [];
  for (const [name, value] of variables) {
    const message = variableProblem(name, value);
    if (message === undefined) good.push([name, literal(value)]);
    else
      problems.push({ file, line: lineOf(text, name), column: 1, field: name, code: "bad_dotenv", message });
  }
  return { env: Object.fromEntries(good), problems };
}

function variableProblem(name: string, value: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === "__proto__")
    return "expected a variable name such as LOG_LEVEL";
  if (isForbiddenEnv(name)) return `${name} is reserved or decides what programs load; use another name`;
  return value.includes("\0") ? "contains a NUL character" : undefined;
}

/** An expression that is its own text: the value of a file is not evaluated. */
const literal = (value: string): string => value.replaceAll("${{", "${{ '${{' }}");

/** Lines that the parser passes over in silence: neither NAME=value, nor a comment, nor inside of a quoted value. */
function strayLines(text: string, values: readonly string[]): number[] {
  const inside = values.filter((value) => value.includes("\n")).join("\n");
  return text.split(/\r?\n/).flatMap((line, index) => {
    const isStray =
      !/^\s*(#|$)|=/.test(line) &&
      !/^\s*["'`]?\s*(#.*)?$/.test(line) &&
      !inside.includes(line.replace(/["'`]\s*(#.*)?$/, ""));
    return isStray ? [index + 1] : [];
  });
}

/** Of the last line that sets it; the last one wins. */
function lineOf(text: string, name: string): number {
  const lines = text.split("\n");
  const at = lines.findLastIndex((line) => line.replace(/^\s*(export\s+)?/, "").startsWith(name));
  return at + 1;
}
