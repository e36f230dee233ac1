/**
 * The coordinator: everything that lives, in the order in which it starts.
 *
 *   (data folder)    one owner of the folder, by a lock
 *   store/           the truth: runs, steps, attempts, events, packs (R1, L1-L4, D1); logs in a file of their own (G1)
 *   auth/            who may call what (A2)
 *   secrets/         the vault: sealed files, never in the store (G3)
 *   library/         the agent library; submissions; which pack a step gets
 *   runs/            pure: what can happen to a step, what becomes of a run, leases explained
 *   dispatch/        who gets what (place), where it becomes fact (dispatcher), workers' sessions, expiring leases
 *   leadership/      which of several coordinators does what one should do
 *   schedule/        starts stored DAGs at their times
 *   children/        starts the runs that `dag` steps are, and tells the steps how they ended
 *   deployments/     containers that steps left running: compared with what workers see, removed when due, their logs
 *   relay/           passes calls about a worker on to the coordinator that it is connected to
 *   watch/           events and logs as streams
 *   blobs/           artifacts by digest
 *   images/          what workers have of container images, and what they should have
 *   retention/       forgets old runs, collects what nobody names any more
 *   maintenance/     backups, restore, checks and migrations of the store
 *   identity/        the cluster's certificate authority; how workers join, renew, are revoked (A1)
 *   api/, http/      decode, call, encode; one port for gRPC, gRPC-web, Connect and plain JSON
 *
 * It holds no state that the store does not, but for who is connected: killed at any instant, it starts again and goes
 * on (R1, L5).
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  FaultError,
  invariant,
  messageOf,
  type OwnedFolder,
  openOwnedFolder,
  type Ports,
  type Service,
  type StopMode,
  startAll,
  stopAll,
  writeDurably,
} from "@haversack/base";
import { openTokens } from "./auth/tokens.ts";
import { BlobStore } from "./blobs/blob-store.ts";
import { childRuns } from "./children/child-runs.ts";
import { type CoordinatorSettings, settle } from "./config/settle.ts";
import { openContainers } from "./containers.ts";
import { Dispatcher } from "./dispatch/dispatcher.ts";
import { openRegistry } from "./dispatch/open-registry.ts";
import { watchHealth } from "./health/health.ts";
import { openLibrary } from "./library/open-library.ts";
import { openPrepared, type Stores } from "./maintenance/open-prepared.ts";
import { keepUp } from "./maintenance/upkeep.ts";
import { createScheduler } from "./schedule/scheduler.ts";
import { openServing, type Serving } from "./serving.ts";
import { describeDatabase } from "./store/postgres-url.ts";
import { version } from "./version.ts";
import { RunChanges } from "./watch/run-changes.ts";

export interface Coordinator extends Service {
  /** `http://127.0.0.1:7420`, once started. */
  readonly url: string;
  /** Resolves when it was stopped; rejects when it failed and has ended itself. */
  readonly ended: Promise<void>;
}

/** Throws FaultError `invalid` when an option is senseless; everything else is found by `start`. */
export function createCoordinator(
  asked: Parameters<typeof settle>[0],
  env: NodeJS.ProcessEnv,
  ports: Ports,
): Coordinator {
  return new OneCoordinator(settle(asked, env), ports);
}

interface Opened extends Stores {
  readonly folder: OwnedFolder;
  readonly tokens: Awaited<ReturnType<typeof openTokens>>;
}

class OneCoordinator implements Coordinator {
  readonly name = "coordinator";
  readonly #settings: CoordinatorSettings;
  readonly #ports: Ports;
  readonly #stopping = new AbortController();
  readonly #hurry = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #opened: Partial<Opened> = {};
  #services: readonly Service[] = [];
  #serving: Serving | undefined;
  #stopped: Promise<void> | undefined;

  constructor(settings: CoordinatorSettings, ports: Ports) {
    this.#settings = settings;
    this.#ports = ports;
    this.#ended.promise.catch(() => {});
  }

  get url(): string {
    invariant(this.#serving !== undefined, "the coordinator was started");
    return this.#serving.url;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async start(signal: AbortSignal): Promise<void> {
    try {
      const opened = await this.#open();
      this.#services = await this.#compose(opened);
      await startAll(this.#services, signal);
      await this.#announce(opened.folder.path);
      const dead = (error: FaultError): void => this.#fail(error);
      void opened.store.died.then(dead);
      void opened.logs.died.then(dead);
    } catch (error) {
      await this.stop("now");
      throw error;
    }
  }

  /** `drain` lets calls end that are under way, for some seconds; a later `now` ends the waiting. */
  async stop(mode: StopMode): Promise<void> {
    if (mode === "now") this.#hurry.abort();
    this.#stopped ??= this.#stop(mode);
    await this.#stopped;
    this.#ended.resolve();
  }

  async #stop(mode: StopMode): Promise<void> {
    // Readiness is off and workers are told goodbye.
    // Whoever waits for something gets this as the answer, and asks again.
    this.#stopping.abort(new FaultError("unavailable", "stopping", "the coordinator is stopping"));
    await stopAll(this.#services, mode);
    const { folder, store, logs } = this.#opened;
    await store?.[Symbol.asyncDispose]();
    await logs?.[Symbol.asyncDispose]();
    if (folder === undefined) return;
    await rm(join(folder.path, addressFile), { force: true });
    await folder.release();
  }

  /** Something that must not die died: what the disk holds is the truth, and a new process reads it. */
  #fail(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#ports.log.error({ error: messageOf(error) }, "the coordinator cannot go on");
    this.#ended.reject(error instanceof Error ? error : new Error(messageOf(error)));
    this.stop("now").catch((failure: unknown) => {
      this.#ports.log.error({ error: messageOf(failure) }, "the coordinator did not stop cleanly");
    });
  }

  async #open(): Promise<Opened> {
    const folder = await openOwnedFolder(this.#settings.dataDir, "data folder");
    this.#opened = { folder };
    const tokens = await openTokens(folder.path);
    const signal = this.#stopping.signal;
    const { store, logs } = await openPrepared(folder.path, this.#settings.store, this.#ports, signal);
    this.#opened = {
      folder,
      ...(store.status === "fulfilled" ? { store: store.value } : {}),
      ...(logs.status === "fulfilled" ? { logs: logs.value } : {}),
    };
    if (store.status === "rejected") throw store.reason;
    if (logs.status === "rejected") throw logs.reason;
    return { folder, tokens, store: store.value, logs: logs.value };
  }

  async #compose({ folder, tokens, store: plain, logs }: Opened): Promise<readonly Service[]> {
    const { leaseTtlMs, retentionMs, graceMs } = this.#settings;
    const onFailure = (error: unknown): void => this.#fail(error);
    const stopping = this.#stopping.signal;
    const { diskReserveBytes } = this.#settings;
    const watched = { store: plain, folder: folder.path, diskReserveBytes, ports: this.#ports, stopping };
    const { store, readiness, ...own } = watchHealth(watched);
    const { leases, registry } = openRegistry(leaseTtlMs, this.#ports.clock);
    // Several coordinators write times down for each other: one clock for all of them.
    const ports = store.shared === undefined ? this.#ports : { ...this.#ports, clock: leases.asClock() };
    const library = openLibrary(store, this.#settings, ports);
    const { snapshots, submitter, children, vault, attemptTokens } = library;
    const onHeld = (): void => upkeep.held();
    const { images: settings } = this.#settings;
    const containers = await openContainers({ settings, store, vault, ports, metrics: own.images });
    const { deploys } = containers;
    const tasks = { snapshots, attemptTokens, deploys };
    const dispatcher = new Dispatcher({ store, registry, ...tasks, leases, ports, onFailure, onHeld });
    const runChanges = new RunChanges();
    const logChanges = new RunChanges();
    store.listen({
      runs: (runs) => runChanges.ring(runs),
      ready: () => dispatcher.ring(),
      cancelled: (refs) => registry.cancel(refs),
    });
    logs.listen({ runs: (runs) => logChanges.ring(runs) });
    const blobs = new BlobStore(join(folder.path, "blobs"), this.#ports.clock);
    const { swept } = readiness;
    const kept = { store, logs, blobs, leases, registry, ports, retentionMs, graceMs, swept };
    const upkeep = keepUp(kept, onFailure);
    const { leadership } = upkeep;
    const scheduler = createScheduler({ store, submitter, registry, leadership, ports, onFailure });
    const follow = { store, logs, runChanges, logChanges, clock: ports.clock };
    const ring = (): void => dispatcher.ring();
    const tended = containers.tend({ store, snapshots, registry, leadership, ports, ring, onFailure });
    const fleet = { registry, leases, ports, version, ring, ...tended.served };
    const { registrySecrets } = settings;
    const parts = { blobs, submitter, scheduler, stopping, readiness, vault, attemptTokens, registrySecrets };
    const serving = await openServing({
      settings: this.#settings,
      tokens,
      health: own,
      served: { ...follow, ...fleet, ...parts },
      ports,
      hurry: this.#hurry.signal,
    });
    this.#serving = serving;
    const { childDepthMax: depthMax } = this.#settings;
    const childLoop = childRuns({ store, submitter: children, registry, ports, depthMax, onFailure });
    const [auditLog, ...listening] = serving.services;
    invariant(auditLog !== undefined, "what callers do is written down");
    const loops = [dispatcher.loop, scheduler.loop, childLoop, tended.keeper];
    const first = [...library.services, own.loop, auditLog, containers.images];
    return [...first, ...upkeep.services, ...loops, ...listening];
  }

  /** Tells commands on this host where to find us. */
  async #announce(folder: string): Promise<void> {
    const { workers, ...trust } = this.#serving?.addresses() ?? {};
    const address = { url: this.url, pid: process.pid, version, ...trust, ...(workers && { workers }) };
    await writeDurably(join(folder, addressFile), `${JSON.stringify(address)}\n`);
    const { store } = this.#settings;
    const database = store === undefined ? {} : { store: describeDatabase(store) };
    const advertised = this.#serving?.address();
    if (this.#opened.store?.shared !== undefined && advertised === undefined)
      this.#ports.log.warn({ url: this.url }, unreachableByOthers);
    this.#ports.log.info(
      {
        url: this.url,
        data: folder,
        ...(workers && { workers }),
        ...(advertised && { advertised }),
        ...database,
      },
      "coordinator ready",
    );
  }
}

const addressFile = "coordinator.json";
const unreachableByOthers =
  "no address for other coordinators: they cannot pass calls about its workers on; name one with --advertise URL";
