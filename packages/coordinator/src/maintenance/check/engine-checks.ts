/** What SQLite says about its own files. PostgreSQL has amcheck and checksums of its own for that. */

import type { DatabaseSync } from "node:sqlite";

export interface EngineCheck {
  readonly id: string;
  readonly holds: string;
  readonly faults: () => Iterable<string>;
}

export function sqliteChecks(name: string, db: DatabaseSync): EngineCheck[] {
  return [
    {
      id: `integrity:${name}`,
      holds: `${name} is whole, as SQLite sees it`,
      *faults() {
        for (const row of db.prepare("pragma integrity_check(21)").all()) {
          const said = String(row["integrity_check"]);
          if (said !== "ok") yield said;
        }
      },
    },
    {
      id: `references:${name}`,
      holds: `no reference in ${name} leads nowhere`,
      *faults() {
        for (const row of db.prepare("pragma foreign_key_check").iterate())
          yield `a row of ${String(row["table"])} refers to ${String(row["parent"])}, which has no such row`;
      },
    },
  ];
}
