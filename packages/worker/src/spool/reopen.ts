/** What an earlier process of this worker left: results to be told, and the rest, which nobody waits for. */

import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@haversack/base";
import { messageOf } from "@haversack/base";
import { AttemptSpool, type SpoolParts } from "./attempt-spool.ts";
import { readResult } from "./result-file.ts";

export async function reopenSpools(root: string, parts: SpoolParts, log: Log): Promise<AttemptSpool[]> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  const spools: AttemptSpool[] = [];
  for (const name of await readdir(root)) {
    const folder = join(root, name);
    const spool = await reopen(folder, parts, log);
    if (spool === undefined) await rm(folder, { recursive: true, force: true });
    else spools.push(spool);
  }
  return spools;
}

async function reopen(folder: string, parts: SpoolParts, log: Log): Promise<AttemptSpool | undefined> {
  try {
    const result = await readResult(folder);
    return result === undefined ? undefined : await AttemptSpool.reopen(result, folder, parts);
  } catch (error) {
    log.warn({ folder, error: messageOf(error) }, "a spooled result cannot be read; its step runs again");
    return undefined;
  }
}
