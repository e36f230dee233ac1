/** What readiness asks of a database. */

import { present } from "@haversack/base";
import { integer, integerOrNone } from "../rows.ts";
import { probeWrite, readyFigures, schemaNewest } from "../statements/readiness.ts";
import type { VerbContext } from "../verb.ts";

/** Writes and commits, so that readiness knows that it can be done. @returns the version of the schema */
export async function writeProbe({ tx }: VerbContext, { now }: { readonly now: number }): Promise<number> {
  await tx.run(probeWrite, now);
  return integer(present(await tx.one(schemaNewest), "the version of the schema"), "version");
}

/** @returns `oldest`: when the oldest run that has such a step was submitted */
export async function readyCount({
  tx,
}: VerbContext): Promise<{ readonly ready: number; readonly oldest: number | undefined }> {
  const row = present(await tx.one(readyFigures), "the figures of what is ready");
  return { ready: integer(row, "ready"), oldest: integerOrNone(row, "oldest") };
}
