/** Everything that `haversack start` keeps running, in the order it starts: rehearsal model, coordinator, worker. */

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, type StopMode } from "@haversack/base";
import type { Coordinator } from "@haversack/coordinator";
import { EnvironmentError } from "../exit-codes.ts";
import { given } from "../options.ts";
import type { Outside } from "../outside.ts";
import { type Lasting, openCoordinator, stopInOrder } from "../serve.ts";
import { rehearsalModel } from "./choose-model.ts";
import { type PageLinkAsked, pageLink } from "./page-link.ts";
import type { StartSettings } from "./settle.ts";
import { WorkerProcess } from "./worker-process.ts";

const program = join(import.meta.dirname, "..", "main.ts");

export interface Fleet {
  readonly url: string;
  readonly adminToken: string;
  readonly services: readonly Lasting[];
  /** Where the web page is, for people. */
  pageLink(asked: Omit<PageLinkAsked, "url">, signal: AbortSignal): Promise<string>;
  /** In reverse order; a second interrupt turns `drain` into `now`. */
  stop(mode: StopMode): Promise<void>;
}

type Undo = (mode: StopMode) => Promise<void>;

export async function startFleet(settings: StartSettings, outside: Outside): Promise<Fleet> {
  const undo: Undo[] = [];
  const stop = async (mode: StopMode): Promise<void> => {
    for (const each of undo.splice(0).toReversed()) await each(mode);
  };
  try {
    await makeFolder(settings.dataDir);
    const rehearsalUrl = settings.model.id === rehearsalModel ? await rehearse(undo) : undefined;
    const coordinator = await coordinate(settings, outside);
    undo.push((mode) => stopInOrder(coordinator, mode, outside));
    const worker = workerProcess(settings, rehearsalUrl, outside);
    await worker.start();
    undo.push((mode) => stopInOrder(worker, mode, outside));
    const adminToken = (await readFile(join(settings.dataDir, "admin.token"), "utf8")).trim();
    const { url } = coordinator;
    const link: Fleet["pageLink"] = (asked, signal) => pageLink({ ...asked, url }, signal);
    return { url, adminToken, services: [coordinator, worker], pageLink: link, stop };
  } catch (error) {
    await stop("now");
    throw error;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new EnvironmentError("data_folder", `the data folder cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function rehearse(undo: Undo[]): Promise<string> {
  const { startRehearsal } = await import("../rehearsal/rehearsal.ts");
  const rehearsal = await startRehearsal();
  undo.push(async () => rehearsal.stop());
  return rehearsal.url;
}

function coordinate(settings: StartSettings, outside: Outside): Promise<Coordinator> {
  const { dataDir, store, agentsDir, listen, model, logFile, retention, vault, images } = settings;
  const asked = {
    dataDir,
    agentsDir,
    model: model.id,
    ...given({ store, listen, retention, vault }),
    ...images,
  };
  return openCoordinator(asked, outside, logFile);
}

function workerProcess(
  { dataDir, logFile, workerArgs }: StartSettings,
  rehearsalUrl: string | undefined,
  outside: Outside,
): WorkerProcess {
  const { clock, random, execPath, env } = outside;
  const args = ["worker", "--coordinator-data", dataDir, "--end-with-input", ...workerArgs];
  return new WorkerProcess({
    command: [execPath, program, ...args],
    env: workerEnv(env, rehearsalUrl),
    logFile,
    clock,
    random,
    log: outside.openLog("start", logFile),
  });
}

/** An address or a token of another coordinator must not lead our worker astray; the store is none of its business. */
function workerEnv(env: NodeJS.ProcessEnv, rehearsalUrl: string | undefined): NodeJS.ProcessEnv {
  const {
    HAVERSACK_URL: _url,
    HAVERSACK_TOKEN: _token,
    HAVERSACK_WORKER_DATA: _data,
    HAVERSACK_STORE: _store,
    HAVERSACK_JOIN_TOKEN: _join,
    ...rest
  } = env;
  return rehearsalUrl === undefined ? rest : { ...rest, HAVERSACK_REHEARSAL_URL: rehearsalUrl };
}
