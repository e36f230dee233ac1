/**
 * Figures for Prometheus. What happens often only adds to a counter; what has to be looked up is looked up when somebody
 * asks. No label has more values than there are words in this program.
 */

import type { Ms } from "@haversack/base";
import type { DeploymentReport, Refusal } from "@haversack/protocol";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { ImageMetrics } from "./image-metrics.ts";

/** Seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const deployBuckets = [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800];

/** What is looked up when somebody asks. */
export interface FleetFigures {
  readonly ready: number;
  /** Of the oldest run that has a step which may start. */
  readonly oldestMs: Ms;
  /** By state and availability, such as `connected` and `open`. */
  readonly workers: readonly { readonly state: string; readonly availability: string }[];
}

export class CoordinatorMetrics {
  readonly #registry = new Registry();
  readonly #writes = this.#histogram("store_write_seconds", "From a call of the store to its commit.", [
    "verb",
  ]);
  readonly #refused = this.#counter("refused_writes_total", "Writes of workers that were refused.", [
    "reason",
  ]);
  readonly #expired = this.#counter("leases_expired_total", "Leases that ran out.", []);
  readonly #dispatched = this.#counter("tasks_dispatched_total", "Steps that were given to workers.", []);
  readonly #finished = this.#counter("tasks_finished_total", "Results that were accepted.", ["outcome"]);
  readonly #deploys = this.#histogram(
    "deploy_seconds",
    "Of deploys that started a container, from the first phase to the last.",
    ["path"],
    deployBuckets,
  );
  readonly #fallbacks = this.#counter(
    "deploy_fallbacks_total",
    "Deploys that tried the base image, and then built.",
    [],
  );
  readonly #requests = this.#counter("requests_total", "Calls of the API.", ["method", "code"]);
  readonly #ready = this.#gauge("ready_steps", "Steps that may start.", []);
  readonly #oldest = this.#gauge(
    "ready_oldest_run_age_seconds",
    "Age of the oldest run with such a step.",
    [],
  );
  readonly images = new ImageMetrics(this.#registry);
  readonly #workers = this.#gauge("workers", "Workers that are known.", ["state", "availability"]);

  constructor() {
    // Event loop, memory, processor time, file descriptors.
    collectDefaultMetrics({ register: this.#registry });
  }

  wrote(verb: string, ms: Ms): void {
    this.#writes.observe({ verb }, ms / 1000);
  }

  refused(refusals: readonly Refusal[]): void {
    for (const { reason } of refusals) this.#refused.inc({ reason });
  }

  expired(leases: number): void {
    if (leases > 0) this.#expired.inc(leases);
  }

  dispatched(tasks: number): void {
    if (tasks > 0) this.#dispatched.inc(tasks);
  }

  finished(outcome: string): void {
    this.#finished.inc({ outcome });
  }

  deployed({ effect, path, phases, fellBack }: DeploymentReport): void {
    if (fellBack) this.#fallbacks.inc();
    if (effect !== "started" || path === undefined) return;
    this.#deploys.observe({ path }, phases.reduce((sum, { ms }) => sum + ms, 0) / 1000);
  }

  /** @param method `Service/Method` of the contract */
  requested(method: string, code: string): void {
    this.#requests.inc({ method, code });
  }

  async text(fleet: FleetFigures): Promise<string> {
    this.#ready.set(fleet.ready);
    this.#oldest.set(fleet.oldestMs / 1000);
    this.#workers.reset();
    for (const labels of fleet.workers) this.#workers.inc(labels);
    return await this.#registry.metrics();
  }

  #histogram<L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    bounds: number[] = buckets,
  ): Histogram<L> {
    const registers = [this.#registry];
    return new Histogram({ name: `haversack_${name}`, help, labelNames, buckets: bounds, registers });
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name: `haversack_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name: `haversack_${name}`, help, labelNames, registers: [this.#registry] });
  }
}
