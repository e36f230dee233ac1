/** Addresses of databases: checked when they are given, and told without their password. */

import { FaultError } from "@haversack/base";

export function parsePostgresUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "postgres:" || url.protocol === "postgresql:")) return url;
  // What was found is not told: a password may be in it.
  throw new FaultError(
    "invalid",
    "bad_store_url",
    "store: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, or nothing for the embedded database",
  );
}

/** For logs and messages. */
export function describeDatabase(text: string): string {
  const { username, host, pathname, searchParams } = parsePostgresUrl(text);
  const where = host === "" ? (searchParams.get("host") ?? "") : host;
  return `postgres://${username === "" ? "" : `${username}@`}${where}${pathname}`;
}
