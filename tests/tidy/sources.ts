/** The repository as the tidy tests see it: its files, what they import, and their code without comments. */

import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

export const root = join(import.meta.dirname, "..", "..");

export interface Source {
  /** From the root of the repository, `/` between segments. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly from: string;
  /** As written: `./x.ts`, `node:fs`, `@haversack/base`, `zod`. */
  readonly target: string;
  /** Path of the file, when it is one of ours. */
  readonly file: string | undefined;
}

export function read(patterns: readonly string[]): Source[] {
  const paths = globSync([...patterns], {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|\.git)(\/|$)/.test(path),
  });
  return paths.toSorted().map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** What people wrote: sources and tests, without generated code. */
export function sources(): Source[] {
  return read([
    "packages/*/src/**/*.{ts,tsx,mjs}",
    "tests/**/*.ts",
    "bench/**/*.ts",
    "scripts/**/*.mjs",
  ]).filter(({ path }) => !path.includes("/gen/"));
}

export const isTest = (path: string): boolean => /\.test\.ts$|^tests\/|\/testing\//.test(path);

/** Static and dynamic imports and re-exports, those of types included. */
export function importsOf({ path, text }: Source): Import[] {
  const found = code(text).matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|^import\s+)"([^"]+)"/gm);
  return [...found].map(([, target = ""]) => ({ from: path, target, file: fileOf(path, target) }));
}

function fileOf(from: string, target: string): string | undefined {
  if (target.startsWith(".")) return normalize(join(dirname(from), target));
  const [, name] = /^@haversack\/([^/]+)$/.exec(target) ?? [];
  const index = `packages/${name}/src/index.ts`;
  return name !== undefined && existsSync(join(root, index)) ? index : undefined;
}

/** The text without comments; what stands in strings stays. */
export function code(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\/\*[^]*?\*\/|(^|\s)\/\/[^\n]*/g,
    (all, string) => (typeof string === "string" ? string : all.replace(/[^\n]/g, "")),
  );
}

/** The text without comments and with empty strings. */
export const bareCode = (text: string): string =>
  code(text)
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replace(/`(?:[^`\\$]|\\.|\$(?!\{))*`/g, "``");

/** `path:line`, for messages. */
export const place = ({ path, text }: Source, index: number): string =>
  `${path}:${text.slice(0, index).split("\n").length}`;
