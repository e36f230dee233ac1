/** Whether other coordinators use the same store: each holds a lock together with them for as long as it is connected. */

import type { PostgresConnection } from "./postgres-connection.ts";
import { presenceAlone, presenceAloneEnd, presenceShare } from "./statements/postgres-server.ts";

/** @returns whether somebody else was there. A coordinator that is killed is gone with its connection. */
export async function joinOthers(connection: PostgresConnection): Promise<boolean> {
  const alone = (await connection.query(presenceAlone)).rows[0]?.["alone"] === true;
  await connection.query(presenceShare);
  if (alone) await connection.query(presenceAloneEnd);
  return !alone;
}
