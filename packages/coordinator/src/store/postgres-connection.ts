/**
 * One connection to PostgreSQL, set up the way that the store's promises need, and checked that it is. Queries are
 * pipelined: those that are asked without waiting travel together and are answered in turn.
 */

import { FaultError, messageOf } from "@haversack/base";
import { Client, DatabaseError, types as postgresTypes, TypeOverrides } from "pg";
import { describeDatabase, parsePostgresUrl } from "./postgres-url.ts";
import { integer, text } from "./rows.ts";
import type { Row } from "./statement.ts";
import { clusterGet, serverGet, sessionSetup } from "./statements/postgres-server.ts";

/** The connection is gone; whatever was not answered is undone, but for a commit. */
export class ConnectionLost extends Error {}

const versionMin = 150_000;
const connectTimeoutMs = 10_000;
/** Longer than the server lets a statement take: nothing came back because the way is broken. */
const silenceMaxMs = 15_000;

const types = new TypeOverrides();
types.setTypeParser(postgresTypes.builtins.INT8, parseInteger);

function parseInteger(value: string): number {
  const parsed = Number(value);
  if (Number.isSafeInteger(parsed)) return parsed;
  throw new FaultError("bug", "bad_row", `PostgreSQL sent the integer ${value}, which is beyond 2^53`);
}

export interface Answer {
  readonly rows: readonly Row[];
  readonly rowCount: number;
  /** `COMMIT`, `SELECT` and the like. */
  readonly command: string;
}

export class PostgresConnection {
  readonly #client: Client;
  readonly #lost = new AbortController();
  /** Where its tables are. */
  readonly schema: string;
  /** System identifier and timeline of the server. */
  readonly cluster: string;

  private constructor(client: Client, lost: AbortController, schema: string, cluster: string) {
    this.#client = client;
    this.#lost = lost;
    this.schema = schema;
    this.cluster = cluster;
  }

  /**
   * Rejects with FaultError `unavailable`; its message has no password.
   * @param silenceMs the longest that an answer may take; 0: for ever
   */
  static async open(url: string, silenceMs = silenceMaxMs): Promise<PostgresConnection> {
    const where = describeDatabase(url);
    const client = new Client({
      connectionString: parsePostgresUrl(url).href,
      application_name: "haversack",
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: silenceMs,
      keepAlive: true,
      pipeline: true,
      types,
    });
    const lost = new AbortController();
    client.on("error", () => lost.abort());
    client.on("end", () => lost.abort());
    try {
      await client.connect();
      await client.query(sessionSetup);
      const { schema, cluster } = await checkServer(client, where);
      return new PostgresConnection(client, lost, schema, cluster);
    } catch (error) {
      client.end().catch(() => {});
      if (error instanceof FaultError) throw error;
      const message = `cannot use ${where}: ${reasonOf(error)}; check that it runs, the address and the password`;
      throw new FaultError("unavailable", "database_unusable", message);
    }
  }

  /** Aborted when the connection is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Rejects with {@link ConnectionLost}, or with what the server says. */
  async query(sql: string, values?: readonly unknown[], name?: string): Promise<Answer> {
    if (this.#lost.signal.aborted) throw new ConnectionLost("the connection is closed");
    try {
      const { rows, rowCount, command } = await this.#client.query<Record<string, unknown>>({
        text: sql,
        ...(values === undefined ? {} : { values: [...values] }),
        ...(name === undefined ? {} : { name }),
      });
      return { rows, rowCount: rowCount ?? 0, command };
    } catch (error) {
      if (error instanceof FaultError) throw error;
      if (error instanceof DatabaseError && !isFatal(error)) throw error;
      this.#lost.abort();
      throw new ConnectionLost(messageOf(error), { cause: error });
    }
  }

  onNotification(listener: (channel: string, payload: string) => void): void {
    this.#client.on("notification", ({ channel, payload }) => listener(channel, payload ?? ""));
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {});
  }
}

/** Errors after which the server closes the connection: class 08, shutdown, and a transaction that stood idle. */
function isFatal({ code = "", severity }: DatabaseError): boolean {
  return severity === "FATAL" || severity === "PANIC" || code.startsWith("08") || code.startsWith("57P");
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return messageOf(error);
}

async function checkServer(client: Client, where: string) {
  const row = (await client.query<Record<string, unknown>>(serverGet)).rows[0] ?? {};
  const refuse = (code: string, message: string): never => {
    throw new FaultError("unavailable", code, `${where}: ${message}`);
  };
  if (integer(row, "version") < versionMin) {
    refuse("old_server", `it is PostgreSQL ${text(row, "version_name")}; 15 or later is needed`);
  }
  if (row["standby"] === true) refuse("standby", "it is a standby, which takes no writes; use its primary");
  for (const name of ["fsync", "full_page_writes"]) {
    if (row[name] !== "on")
      refuse("not_durable", `${name} is off, so it may lose what it acknowledged; switch it on`);
  }
  if (row["encoding"] !== "UTF8")
    refuse("bad_encoding", `its encoding is ${text(row, "encoding")}; UTF8 is needed`);
  if (row["schema"] === null) refuse("no_schema", "no schema of the search path exists; create one");
  // `local` is on disk here, and `remote_apply` more than is needed; the others acknowledge what a power cut may take.
  if (row["synchronous_commit"] === "off") await client.query("set synchronous_commit = on");
  const cluster = (await client.query<Record<string, unknown>>(clusterGet)).rows[0] ?? {};
  return { schema: text(row, "schema"), cluster: text(cluster, "cluster") };
}
