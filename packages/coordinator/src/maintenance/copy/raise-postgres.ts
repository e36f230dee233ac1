/** The generation of a PostgreSQL database that is given rows of another one: later than that of both. */

import { randomBytes } from "node:crypto";
import { type Generation, parseGeneration } from "@haversack/protocol";
import type { PostgresConnection } from "../../store/postgres-connection.ts";
import { text } from "../../store/rows.ts";
import { lifeGet, lifePut } from "../../store/statements/postgres-schema.ts";

/** @param earlier generations that must not come again */
export async function raisePostgres(
  connection: PostgresConnection,
  earlier: readonly (string | undefined)[],
): Promise<Generation> {
  const [row] = (await connection.query(lifeGet)).rows;
  const known = [row === undefined ? undefined : text(row, "generation"), ...earlier];
  const counters = known.map((each) => Number.parseInt(each ?? "0", 10)).filter(Number.isSafeInteger);
  const generation = parseGeneration(`${Math.max(...counters) + 1}-${randomBytes(8).toString("hex")}`);
  await connection.query(lifePut, [generation, connection.cluster]);
  return generation;
}
