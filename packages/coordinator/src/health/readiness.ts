/**
 * Whether this coordinator can do its work: what a load balancer, an orchestrator or a person asks. An answer is used for a
 * second, because whoever asks needs no token and a check writes into the database.
 */

import { statfs } from "node:fs/promises";
import { type Ms, messageOf, type Ports } from "@haversack/base";
import type { Store } from "../store/store.ts";

export interface Check {
  readonly ok: boolean;
  /** For people. */
  readonly detail: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, Check>>;
}

export interface ReadinessParts {
  readonly store: Pick<Store, "write">;
  /** The data folder. */
  readonly folder: string;
  /** Bytes that have to be free there. */
  readonly diskReserveBytes: number;
  readonly ports: Ports;
  readonly stopping: AbortSignal;
}

const probeMaxMs: Ms = 2000;
const usedForMs: Ms = 1000;
/** Besides the two intervals: the sweep itself takes a moment. */
const sweepSlackMs: Ms = 1000;

export class ReadinessChecks {
  readonly #parts: ReadinessParts;
  /** The first one comes after an interval. */
  #sweep: { readonly at: Ms; readonly intervalMs: Ms };
  #schema: number | undefined;
  #last: { readonly at: Ms; readonly answer: Promise<Readiness> } | undefined;

  constructor(parts: ReadinessParts) {
    this.#parts = parts;
    this.#sweep = { at: parts.ports.clock.monotonic(), intervalMs: sweepSlackMs };
  }

  /** The keeper of leases did a sweep. */
  readonly swept = (intervalMs: Ms): void => {
    this.#sweep = { at: this.#parts.ports.clock.monotonic(), intervalMs };
  };

  /** Never rejects. */
  async look(): Promise<Readiness> {
    const now = this.#parts.ports.clock.monotonic();
    const { stopping } = this.#parts;
    if (this.#last === undefined || now - this.#last.at > usedForMs) {
      this.#last = { at: now, answer: this.#check() };
    }
    const { checks } = await this.#last.answer;
    const serving: Check = stopping.aborted
      ? { ok: false, detail: "the coordinator is stopping" }
      : { ok: true, detail: "not stopping" };
    const all = { ...checks, serving };
    return { ready: Object.values(all).every(({ ok }) => ok), checks: all };
  }

  async #check(): Promise<Readiness> {
    const [write, disk] = await Promise.all([this.#write(), this.#disk()]);
    const checks = { ...write, disk, leases: this.#leases() };
    return { ready: Object.values(checks).every(({ ok }) => ok), checks };
  }

  async #write(): Promise<Record<"store" | "schema", Check>> {
    const { clock } = this.#parts.ports;
    const began = clock.monotonic();
    const late = Promise.withResolvers<"late">();
    const timer = clock.after(probeMaxMs, () => late.resolve("late"));
    try {
      const version = await Promise.race([
        this.#parts.store.write.writeProbe({ now: clock.now() }),
        late.promise,
      ]);
      if (version === "late") {
        const detail = `a write was not committed within ${probeMaxMs} ms`;
        return { store: { ok: false, detail }, schema: { ok: false, detail: "not known" } };
      }
      const tookMs = Math.round(clock.monotonic() - began);
      return { store: { ok: true, detail: `a write took ${tookMs} ms` }, schema: this.#compare(version) };
    } catch (error) {
      const store = { ok: false, detail: `a write failed: ${messageOf(error)}` };
      return { store, schema: { ok: false, detail: "not known" } };
    } finally {
      timer.cancel();
    }
  }

  /** Another coordinator of the database may have brought a later schema, which this one does not know. */
  #compare(version: number): Check {
    this.#schema ??= version;
    if (version === this.#schema) return { ok: true, detail: `version ${version}` };
    const detail = `version ${version}, but this coordinator started with ${this.#schema}: upgrade it`;
    return { ok: false, detail };
  }

  async #disk(): Promise<Check> {
    const { folder, diskReserveBytes: reserve } = this.#parts;
    try {
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
      const detail = `${mib(free)} MiB are free, ${mib(reserve)} are the reserve`;
      return { ok: free >= reserve, detail };
    } catch (error) {
      return { ok: false, detail: `the data folder cannot be looked at: ${messageOf(error)}` };
    }
  }

  #leases(): Check {
    const { at, intervalMs } = this.#sweep;
    const ageMs = Math.round(this.#parts.ports.clock.monotonic() - at);
    return { ok: ageMs <= 2 * intervalMs + sweepSlackMs, detail: `the last sweep was ${ageMs} ms ago` };
  }
}

const mib = (bytes: number): number => Math.floor(bytes / (1024 * 1024));
