/** Reads what systemd would run: a unit with its drop-ins, what its lists and files of variables mean, and its command. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface Unit {
  /** All that was said, in order; an empty assignment forgets what was before. */
  all(key: string): readonly string[];
  /** What counts where only one can. */
  one(key: string): string;
}

/** Of the section `[Service]`, whose drop-ins lie beside it. */
export async function readUnit(path: string): Promise<Unit> {
  const folder = `${path}.d`;
  const names: string[] = await readdir(folder).catch(() => []);
  const texts = [path, ...names.toSorted().map((name) => join(folder, name))].map((each) =>
    readFile(each, "utf8"),
  );
  const said = new Map<string, string[]>();
  for (const text of await Promise.all(texts)) take(text, said);
  return { all: (key) => said.get(key) ?? [], one: (key) => said.get(key)?.at(-1) ?? "" };
}

function take(text: string, said: Map<string, string[]>): void {
  let section = "";
  for (const line of text.replaceAll(/\\\n/g, " ").split("\n")) {
    if (/^\s*([#;].*)?$/.test(line)) continue;
    const [, name] = /^\[(.+)\]$/.exec(line.trim()) ?? [];
    if (name !== undefined) {
      section = name;
      continue;
    }
    const [, key = "", value = ""] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === "") throw new Error(`no line of a unit: ${line}`);
    if (section === "Service") said.set(key, value === "" ? [] : [...(said.get(key) ?? []), value]);
  }
}

/** Words as systemd splits them: quotes hold together, a backslash takes the next one as it is. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\])+/g))
    words.push(unquoted(word));
  return words;
}

const unquoted = (word: string): string =>
  word.replaceAll(
    /"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|\\(.)/g,
    (_all, double?: string, single?: string, one?: string) =>
      (double ?? single ?? one ?? "").replaceAll(/\\(.)/g, "$1"),
  );

/** A file of `EnvironmentFile=`: spaces around a value go, unless they are quoted. */
function parseEnvironmentFile(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  for (const line of text.replaceAll(/\\\n/g, "").split("\n")) {
    if (/^\s*([#;].*)?$/.test(line)) continue;
    const [, name = "", value = ""] = /^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== "") variables.set(name, unquoted(value));
  }
  return variables;
}

/** What the unit says itself, then its files, which come before it. @param placed where a path really is */
export async function environmentOf(
  unit: Unit,
  placed: (path: string) => string,
): Promise<Map<string, string>> {
  const own = unit.all("Environment").flatMap(wordsOf);
  const variables = new Map(
    own.map((each): [string, string] => {
      const at = each.indexOf("=");
      return [each.slice(0, at), each.slice(at + 1)];
    }),
  );
  for (const named of unit.all("EnvironmentFile")) {
    const file = placed(named.replace(/^-/, ""));
    const text = await readFile(file, "utf8").catch((error: unknown) => {
      if (!named.startsWith("-")) throw error;
      return "";
    });
    for (const [name, value] of parseEnvironmentFile(text)) variables.set(name, value);
  }
  return variables;
}

/** Of `ExecStart=`, variables filled in. */
export const commandOf = (unit: Unit, env: ReadonlyMap<string, string>): string[] =>
  wordsOf(unit.one("ExecStart")).map((word) =>
    word
      .replaceAll(/\$\{(\w+)\}/g, (_all, name: string) => env.get(name) ?? "")
      .replaceAll("$$", "$")
      .replaceAll("%%", "%"),
  );
