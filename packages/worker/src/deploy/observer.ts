/**
 * Tells the coordinator what of this worker stands: all of it, when a session begins, when the engine says that something
 * changed, when an attempt has ended, and once a minute. It does what it is told about containers that nobody wants; of its
 * own it only starts again what an engine without a restart policy lets lie.
 */

import { type Ms, messageOf, pause, Wakeup } from "@haversack/base";
import type { UnwantedContainer, Upward } from "@haversack/protocol";
import type { Runtime } from "../runtime/runtime.ts";
import { removeContainer } from "./bring-up.ts";
import type { ClusterFile } from "./cluster-file.ts";
import { type Deployed, holdersOf, readLabels } from "./labels.ts";
import type { LiveNames } from "./live-names.ts";
import { type EndedLines, type Looking, observe, ownOf, stateOf } from "./observe.ts";
import type { DeployParts, Engine } from "./parts.ts";
import { readRecord } from "./record.ts";
import { restarts } from "./restarts.ts";

export interface ObserverParts extends DeployParts {
  readonly runtime: Runtime;
  /** Rejects while it does not answer. */
  readonly engine: (signal: AbortSignal) => Promise<Engine>;
  readonly live: LiveNames;
  readonly cluster: ClusterFile;
  readonly uplink: { send(message: Upward): void; onUp(listener: () => void): () => void };
}

const everyMs: Ms = 60_000;
/** While the engine does not answer. */
const awayMs: Ms = 10_000;
/** Events come in crowds. */
const gatherMs: Ms = 250;

export class Observer {
  readonly #parts: ObserverParts;
  readonly #wakeup = new Wakeup();
  readonly #restarts = restarts();
  readonly #lines: EndedLines = new Map();
  #nextMs: Ms = everyMs;

  constructor(parts: ObserverParts) {
    this.#parts = parts;
    parts.live.onEnd(() => this.#wakeup.ring());
    parts.live.onCluster((cluster) => parts.cluster.learn(cluster));
  }

  /** Until the signal fires. Never rejects for what an engine does. */
  async run(signal: AbortSignal): Promise<void> {
    const { ports, uplink } = this.#parts;
    const off = uplink.onUp(() => this.#wakeup.ring());
    void this.#parts.runtime.watch(() => this.#wakeup.ring(), signal);
    try {
      while (!signal.aborted) {
        await this.#look(signal);
        await this.#wakeup.nextWithin(ports.clock, this.#nextMs, signal);
        await pause(ports.clock, gatherMs, signal);
      }
    } finally {
      off();
    }
  }

  /** Looked up by its id and by its labels: what is not exactly that stays. Never rejects. */
  async remove(unwanted: readonly UnwantedContainer[], signal: AbortSignal): Promise<void> {
    for (const each of unwanted) {
      try {
        // Asked before its turn: whoever removes does not wait for an attempt to end.
        if (this.#parts.live.has(each.name)) this.#leave(each);
        else await this.#parts.live.alone(each.name, () => this.#removeOne(each, signal), signal);
      } catch (error) {
        const fields = { container: each.container, name: each.name, error: messageOf(error) };
        this.#parts.ports.log.warn(fields, "a container that nobody wants could not be removed");
      }
    }
    this.#wakeup.ring();
  }

  #leave({ name, revision, container }: UnwantedContainer): void {
    const message = "asked to remove a container that is not as named, or is being worked on: it stays";
    this.#parts.ports.log.warn({ container, name, revision }, message);
  }

  async #removeOne(unwanted: UnwantedContainer, signal: AbortSignal): Promise<void> {
    const { name, revision, container } = unwanted;
    const { engine, workerId, live, ports } = this.#parts;
    const { runtime } = await engine(signal);
    const view = await runtime.inspect(container, signal);
    const found = view === undefined ? undefined : readLabels(view);
    const cluster = await this.#parts.cluster.current();
    const isMeant =
      found?.view.id === container &&
      found.name === name &&
      found.revision === revision &&
      found.worker === workerId &&
      found.cluster === cluster;
    // One that has begun since waits for its turn, and had better find what it may take over.
    if (!isMeant || live.has(name)) return this.#leave(unwanted);
    await removeContainer({ ...this.#parts, runtime }, found);
    ports.log.info({ container, name, revision }, "removed a container that nobody wants");
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { cluster, uplink, ports } = this.#parts;
    this.#nextMs = everyMs;
    try {
      const { runtime, images, info } = await this.#parts.engine(signal);
      const name = await cluster.current();
      const views = name === undefined ? [] : await runtime.list(name, signal);
      images.leasesOf(holdersOf(views));
      const looking = { ...this.#parts, runtime, signal };
      const own = ownOf(views, this.#parts.workerId);
      if (!info.restarts) await this.#startAgain(looking, own);
      const deployments = await Promise.all(own.map((each) => observe(looking, each, this.#lines)));
      this.#forget(own);
      uplink.send({ kind: "deployments", deployments });
    } catch (error) {
      if (signal.aborted) return;
      this.#nextMs = awayMs;
      ports.log.debug({ error: messageOf(error) }, "what stands on the container engine is not known");
      uplink.send({ kind: "deployments", deployments: [], unavailable: messageOf(error) });
    }
  }

  #forget(own: readonly Deployed[]): void {
    const ids = new Set(own.map(({ view }) => view.id));
    this.#restarts.keep(ids);
    for (const key of this.#lines.keys()) if (!ids.has(key.split(" ")[0] ?? "")) this.#lines.delete(key);
  }

  /** Only what a deploy left whole: what was stopped for another revision has no record any more. */
  async #startAgain(looking: Looking, own: readonly Deployed[]): Promise<void> {
    const { live } = this.#parts;
    for (const each of own)
      if (!live.has(each.name))
        await live.alone(each.name, () => this.#startOne(looking, each), looking.signal);
  }

  async #startOne(looking: Looking, each: Deployed): Promise<void> {
    const { ports, dataFolder } = this.#parts;
    if ((await readRecord(dataFolder, each)) === undefined) return;
    if ((await stateOf(looking, each)) === "needs-secrets") return;
    const { start, againInMs } = this.#restarts.due(each.view, ports.clock.monotonic());
    if (againInMs !== undefined) this.#nextMs = Math.min(this.#nextMs, againInMs);
    if (!start) return;
    ports.log.info({ container: each.view.name }, "starting a container that ended");
    await looking.runtime.start(each.view.id, looking.signal).catch((error: unknown) => {
      ports.log.warn({ container: each.view.name, error: messageOf(error) }, "it did not start");
    });
    this.#wakeup.ring();
  }
}
