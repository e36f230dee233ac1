/** Which schema a database of a data folder has, and which ones this version knows. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FaultError } from "@haversack/base";
import { type Migration, readMigrations } from "../store/migrate.ts";
import { schemaIn } from "./copy-database.ts";
import { databaseFile, databaseFiles, logsFile } from "./data-folder.ts";

const folders: Readonly<Record<string, string>> = { [databaseFile]: "sqlite", [logsFile]: "sqlite-logs" };

/** @param name of the file in a data folder */
export const migrationsFolderOf = (name: string): string =>
  fileURLToPath(new URL(`../store/migrations/${folders[name] ?? ""}`, import.meta.url));

/** What a database has still to be brought to, in order. */
export interface DueMigrations {
  /** Of the file in a data folder. */
  readonly name: string;
  /** 0: there is none yet. */
  readonly schema: number;
  readonly due: readonly Migration[];
}

/** Throws FaultError `conflict` when a later version made one of them, `corrupt` when one cannot be read. */
export function dueMigrations(dataDir: string): DueMigrations[] {
  return databaseFiles.map((name) => {
    const file = join(dataDir, name);
    const schema = schemaIn(file);
    refuseNewerSchema(file, name, schema);
    return {
      name,
      schema,
      due: readMigrations(migrationsFolderOf(name)).filter(({ version }) => version > schema),
    };
  });
}

/** Throws FaultError `conflict` when a later version made it. */
export function refuseNewerSchema(file: string, name: string, schema: number): void {
  const newest = readMigrations(migrationsFolderOf(name)).at(-1)?.version ?? 0;
  if (schema <= newest) return;
  const message = `${file} has schema ${schema}, this version knows ${newest}: use the version that made it, or a later one`;
  throw new FaultError("conflict", "newer_schema", message);
}
