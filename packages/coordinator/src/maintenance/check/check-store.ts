/** `haversack store check`: all checks on one store. */

import { join } from "node:path";
import { blobsFolder } from "../data-folder.ts";
import { type Check, type Checked, runChecks } from "./check.ts";
import { contentChecks } from "./content-checks.ts";
import { logChecks } from "./log-checks.ts";
import { openFolderToCheck, openPostgresToCheck } from "./open-to-check.ts";
import { runsChecks } from "./run-checks.ts";

export interface CheckAsked {
  /** Of a coordinator, or a backup. */
  readonly dataDir: string;
  /** Address of the PostgreSQL database; the embedded one in the folder when left out. */
  readonly store?: string;
  /** Not the content of artifacts and snapshots: it takes as long as reading all of them. */
  readonly quick?: boolean;
}

export async function checkStore(asked: CheckAsked, signal: AbortSignal): Promise<Checked[]> {
  const { dataDir, store, quick = false } = asked;
  await using opened =
    store === undefined ? await openFolderToCheck(dataDir) : await openPostgresToCheck(store);
  const contents = quick ? contentChecks.filter(({ id }) => id === "memory") : contentChecks;
  const checks: readonly Check[] = [...opened.engine, ...runsChecks, ...contents, ...logChecks];
  const { tx, logs } = opened;
  return await runChecks(checks, { tx, logs, blobs: join(dataDir, blobsFolder), signal });
}
