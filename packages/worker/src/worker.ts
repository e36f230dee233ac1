/**
 * The worker: everything that lives, in the order in which it starts.
 *
 *   (data folder)   one owner, by a lock; the worker's id; what an earlier process left
 *   identity/       how it joins and proves itself: a key or credential that never leaves its folder (A1)
 *   spool/          logs and results until the coordinator has them (G1)
 *   hydrate/        packs by digest, inputs, work folders
 *   execute/        attempts: take, hydrate, run, collect, report; process trees that end whole (C1)
 *   deploy/         containers that outlive the step that made them, and what stands of them
 *   agent/          the agent's turn loop and tools, in a process of its own
 *   session/        one stream to the coordinator: hello, credits, heartbeats; leases that end here first (L6)
 *
 * It shares nothing with the coordinator but that connection. The process that owns the stream does no work.
 */

import { uptime } from "node:os";
import { join } from "node:path";
import {
  Background,
  FaultError,
  logWith,
  messageOf,
  type OwnedFolder,
  openOwnedFolder,
  type Ports,
  pause,
  type Service,
  type StopMode,
} from "@haversack/base";
import { type BootId, type DownwardBeside, parseBootId, type Tracing } from "@haversack/protocol";
import type { WorkerAsked } from "./config/options.ts";
import { settle, type WorkerSettings } from "./config/settle.ts";
import { type DeployHost, openWorkerDeploy, toldOf } from "./deploy/worker-deploy.ts";
import { Attempts } from "./execute/attempts.ts";
import { openExecutors } from "./execute/executors.ts";
import { openHost } from "./execute/open-host.ts";
import { type HealthServer, openHealth } from "./health/open-health.ts";
import { SnapshotCache } from "./hydrate/snapshot-cache.ts";
import { openEnrolment } from "./identity/open.ts";
import { Connection } from "./session/dial.ts";
import { helloOf } from "./session/hello.ts";
import { LeaseWatch } from "./session/lease-watch.ts";
import { serve } from "./session/serve.ts";
import { Uplink } from "./session/uplink.ts";
import { LogBounds } from "./spool/log-bounds.ts";

export interface Worker extends Service {
  /** Resolves when it was stopped; rejects when it cannot go on, such as for a token that is not valid. */
  readonly ended: Promise<void>;
}

/** Throws FaultError `invalid` when an option is senseless; everything else is found by `start`. */
export function createWorker(asked: WorkerAsked, env: NodeJS.ProcessEnv, ports: Ports): Worker {
  return new OneWorker(settle(asked, env), env, ports);
}

/** Between SIGTERM and SIGKILL when the worker is stopped without waiting. */
const shutdownGraceMs = 3000;
/** How long the last results may take to be acknowledged. */
const flushMs = 3000;
const leaseCheckMs = 250;

interface Running {
  readonly folder: OwnedFolder;
  readonly connection: Connection;
  readonly attempts: Attempts;
  readonly loops: readonly Background[];
  readonly health: HealthServer | undefined;
  readonly tracing: Tracing | undefined;
  readonly deploy: DeployHost | undefined;
}

class OneWorker implements Worker {
  readonly name = "worker";
  readonly #settings: WorkerSettings;
  readonly #hostEnv: ReadonlyMap<string, string>;
  #ports: Ports;
  readonly #bootId: BootId;
  readonly #ended = Promise.withResolvers<void>();
  readonly #hurry = new AbortController();
  #running: Running | undefined;
  #stopped: Promise<void> | undefined;

  constructor(settings: WorkerSettings, env: NodeJS.ProcessEnv, ports: Ports) {
    this.#settings = settings;
    this.#hostEnv = new Map(
      Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
    this.#ports = ports;
    this.#bootId = parseBootId(ports.random.id());
    this.#ended.promise.catch(() => {});
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Does not wait for the coordinator: a worker may start first. */
  async start(): Promise<void> {
    const { dataDir } = this.#settings;
    const folder = await openOwnedFolder(dataDir, "worker data folder");
    try {
      await this.#startIn(folder);
    } catch (error) {
      await folder.release();
      throw error;
    }
  }

  async #startIn(folder: OwnedFolder): Promise<void> {
    const { coordinatorUrls, slots } = this.#settings;
    const enrolment = await openEnrolment(folder.path, this.#settings, this.#ports);
    const { workerId } = enrolment.access.identity;
    this.#ports = { ...this.#ports, log: logWith(this.#ports.log, { worker: workerId }) };
    const common = {
      settings: this.#settings,
      folder: folder.path,
      workerId,
      hostEnv: this.#hostEnv,
      ports: this.#ports,
    };
    const host = await openHost(common);
    const connection = new Connection(coordinatorUrls, enrolment.access);
    const uplink = new Uplink((error) => this.#fail(error));
    const cache = new SnapshotCache(join(folder.path, "snapshots"), connection, this.#ports.clock);
    const roots = { workRoot: join(folder.path, "work"), spoolRoot: join(folder.path, "spool") };
    const { logBounds } = this.#settings;
    const deploy = await openWorkerDeploy({ ...common, uplink, sender: connection, vault: connection });
    const work = openExecutors({ ...common, deploy, host, cache, hurry: this.#hurry.signal });
    const bounds = new LogBounds(logBounds, this.#ports.clock);
    const { tracing } = work.traces;
    await tracing?.start();
    const parts = { ...work, connection, cache, uplink, bounds, ports: this.#ports, ...roots };
    const attempts = new Attempts(parts, slots, (error) => this.#fail(error));
    await attempts.reopen();
    await cache.open();
    const leases = new LeaseWatch(this.#ports.clock, () => uptime() * 1000);
    const session = {
      connection,
      uplink,
      leases,
      ports: this.#ports,
      hello: () => ({
        ...helloOf(this.#settings, { ...host.labels, ...deploy?.labels }),
        ...toldOf(deploy),
        workerId,
        bootId: this.#bootId,
        snapshotsHeld: cache.announce(),
        held: attempts.held(),
      }),
      held: () => attempts.held(),
      cacheChanges: () => cache.changes(),
      take: (message: Parameters<Attempts["take"]>[0]) => attempts.take(message),
      ...(deploy !== undefined && { beside: (message: DownwardBeside) => deploy.take(message) }),
      welcomed: () => attempts.welcomed(),
    };
    const onFailure = (error: unknown): void => this.#fail(error);
    const loops = [
      new Background("lease-watch", (signal) => this.#watchLeases(leases, attempts, signal), onFailure),
      new Background("session", (signal) => serve(enrolment, session, signal), onFailure),
    ];
    const listen = this.#settings.healthListen;
    const stopping = (): boolean => this.#stopped !== undefined;
    const health = await openHealth({ listen, attempts, uplink, slots, stopping });
    this.#running = { folder, connection, attempts, loops, health, tracing, deploy };
    await deploy?.start();
    for (const loop of loops) await loop.start();
    const coordinator = namesOf(coordinatorUrls);
    const url = health === undefined ? {} : { health: health.url };
    this.#ports.log.info({ coordinator, slots, ...url }, "worker started");
  }

  async #watchLeases(leases: LeaseWatch, attempts: Attempts, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#ports.clock, leaseCheckMs, signal);
      if (leases.remainingMs <= 0) attempts.loseAll(leases.graceMs);
    }
  }

  /** `drain` waits for what runs, without limit; a later `now` ends the waiting. */
  async stop(mode: StopMode): Promise<void> {
    if (mode === "now") this.#hurry.abort();
    this.#stopped ??= this.#stop();
    await this.#stopped;
    this.#ended.resolve();
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const { attempts, loops, connection, folder, health, tracing, deploy } = running;
    const { drainTimeoutMs } = this.#settings;
    const { clock, log } = this.#ports;
    log.info({ running: attempts.runningCount, drainTimeoutMs }, "stopping: nothing new, what runs may end");
    const limit =
      drainTimeoutMs === undefined ? undefined : clock.after(drainTimeoutMs, () => this.#hurry.abort());
    await attempts.drain(this.#hurry.signal);
    limit?.cancel();
    await attempts.endAll(shutdownGraceMs, AbortSignal.timeout(flushMs));
    for (const loop of loops.toReversed()) await loop.stop("now");
    await deploy?.stop();
    connection.close();
    await health?.stop("now");
    await tracing?.stop();
    await folder.release();
  }

  #fail(error: unknown): void {
    this.#ports.log.error({ error: messageOf(error) }, "the worker cannot go on");
    this.#ended.reject(error instanceof FaultError ? explained(error, this.#settings) : error);
    this.stop("now").catch((failure: unknown) => {
      this.#ports.log.error({ error: messageOf(failure) }, "the worker did not stop cleanly");
    });
  }
}

const namesOf = (urls: readonly URL[]): string => urls.map(({ origin }) => origin).join(", ");

function explained(error: FaultError, { coordinatorUrls }: WorkerSettings): FaultError {
  if (error.fault !== "denied") return error;
  const message = `the coordinator at ${namesOf(coordinatorUrls)} refused this worker: ${error.message}; join again: remove identity.json and worker-id in its data folder and give it a new join token, or on the coordinator's machine --coordinator-data`;
  return new FaultError("denied", "token_refused", message, { cause: error });
}
