/** A PostgreSQL database as it is at one moment, for as long as reading it takes. */

import { PostgresConnection } from "../store/postgres-connection.ts";
import { describeDatabase } from "../store/postgres-url.ts";
import { refusePostgresSchema } from "./postgres-schemas.ts";

/** Whatever is asked takes its time: a table is read, not a row. */
export async function openPatient(url: string): Promise<PostgresConnection> {
  const connection = await PostgresConnection.open(url, 0);
  await connection.query("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0");
  return connection;
}

/** In one reading transaction. Rejects unless the database has the schema of this version. The caller closes it. */
export async function openSnapshot(url: string): Promise<PostgresConnection> {
  const connection = await openPatient(url);
  try {
    await connection.query("begin isolation level repeatable read, read only");
    await refusePostgresSchema(connection, describeDatabase(url));
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}
