/** Figures about images: what was downloaded, how flights ended, how many workers are ready. */

import { flightCodes, type ImageStatus, isInFlight } from "@haversack/protocol";
import { Counter, Gauge, type Registry } from "prom-client";
import type { FleetImages, ImageChange } from "../images/fleet-images.ts";

/** How a flight may end; a worker's word that is none of them counts as `other`. */
const results: ReadonlySet<string> = new Set(["ready", "cancelled", ...flightCodes]);

export class ImageMetrics {
  readonly #bytes: Counter;
  readonly #flights: Counter<"result">;
  readonly #registry: Registry;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#registry = registry;
    this.#bytes = new Counter({
      name: "haversack_image_bytes_total",
      help: "Bytes of images that workers downloaded.",
      registers,
    });
    this.#flights = new Counter({
      name: "haversack_image_flights_total",
      help: "Downloads of images that ended, by how: ready, cancelled, or the code of the failure.",
      labelNames: ["result"],
      registers,
    });
  }

  /** Counts what happens from now on. */
  watch(fleet: Pick<FleetImages, "listen" | "readyCount">): void {
    const gauge: Gauge = new Gauge({
      name: "haversack_image_ready_workers",
      help: "Connected workers that have the base image that they should have.",
      registers: [this.#registry],
      collect: (): void => gauge.set(fleet.readyCount),
    });
    fleet.listen((change) => this.#count(change));
  }

  #count({ image: { status, lost }, before }: ImageChange): void {
    if (lost || before === undefined) return;
    const { state, failure } = status;
    this.#bytes.inc(receivedSince(before, status));
    if (!isInFlight(before)) return;
    const result = state === "failed" ? (failure?.code ?? "") : state;
    if (state === "ready" || state === "cancelled" || state === "failed")
      this.#flights.inc({ result: results.has(result) ? result : "other" });
  }
}

/** Bytes of a download; those that a worker had from before are none. */
function receivedSince(before: ImageStatus, { state, attempt, progress }: ImageStatus): number {
  const told = before.progress;
  if (before.state !== "downloading" || before.attempt !== attempt || told?.unit !== "bytes") return 0;
  // What follows a download has figures of its own: then all of it has come.
  const done = state === "downloading" ? progress?.done : state === "verifying" ? told.total : undefined;
  return Math.max(0, (done ?? 0) - (told.done ?? 0));
}
