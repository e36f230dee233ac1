/** Looks for values wherever a fleet leaves bytes: in every file, every table, and the command line of every process. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** How a value may be written, without the masker's own table: what is looked for must not depend on what is tried out. */
export function writtenForms(value: string): string[] {
  const bytes = Buffer.from(value);
  const shifted = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64url");
    return text.slice(before === 0 ? 0 : before + 1, -2);
  });
  const url = encodeURIComponent(value);
  return [
    value,
    ...shifted,
    ...shifted.map((text) => text.replaceAll("-", "+").replaceAll("_", "/")),
    bytes.toString("hex"),
    url,
    url.replaceAll(/%../g, (code) => code.toLowerCase()),
    JSON.stringify(value).slice(1, -1),
    value.replaceAll("'", "'\\''"),
  ];
}

/** Where a form of the value stands in the files below the folder. */
export function filesWith(folder: string, forms: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(folder, name);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return holds(Buffer.from(name), forms);
    return holds(readFileSync(path), forms) || holds(Buffer.from(name), forms);
  });
}

/** Tables of an embedded database with a row in which a form of the value stands. */
export function tablesWith(path: string, forms: readonly string[]): string[] {
  using database = new DatabaseSync(path, { readOnly: true });
  const tables = database.prepare("select name from sqlite_schema where type = 'table'").all();
  return tables
    .map(({ name }) => String(name))
    .filter((name) =>
      database
        .prepare(`select * from "${name}"`)
        .all()
        .some((row) => Object.values(row).some((cell) => holds(bytesOf(cell), forms))),
    );
}

/** Processes of this machine with a form of the value in their arguments. Linux only. */
export function commandLinesWith(forms: readonly string[]): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      return holds(readFileSync(`/proc/${pid}/cmdline`), forms);
    } catch {
      return false;
    }
  });
}

export const holds = (bytes: Buffer, forms: readonly string[]): boolean =>
  forms.some((form) => bytes.includes(form));

const bytesOf = (cell: unknown): Buffer =>
  cell instanceof Uint8Array ? Buffer.from(cell) : Buffer.from(String(cell));
