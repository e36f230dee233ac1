/** A flight whose bytes the engine fetches itself, of a reference by digest. */

import { type Ms, reasonOf, type Timer } from "@haversack/base";
import type { ImageProgress } from "@haversack/protocol";
import { pullBegins, shownAt, withFrame } from "../runtime/pull-progress.ts";
import { resolveReference } from "../runtime/registry.ts";
import type { PullFrame } from "../runtime/runtime.ts";
import { FlightFault } from "./flight-fault.ts";
import type { Flight } from "./flight-parts.ts";
import { limited } from "./limited.ts";
import { registryHost } from "./references.ts";
import { proxiedFetch } from "./tags.ts";

export async function flyPull(flight: Flight): Promise<void> {
  const { parts, record, info, step, signal, needsRoom } = flight;
  const { clock } = parts.ports;
  const { identity, digest } = record.image;
  // What the engine knows an image by that it fetches itself is the reference.
  const ref = identity.id;
  const credentials = await parts.net.logins.of(registryHost(ref), signal);
  const asked = { ref, arch: info.arch, ...(credentials === undefined ? {} : { credentials }) };
  const { layers } = await limited(clock, { ms: resolveMs, fault: noAnswer }, signal, (limit) =>
    resolveReference(asked, proxiedFetch(parts.net), limit),
  );
  await needsRoom(layers.reduce((sum, { size }) => sum + size, 0));
  let progress = pullBegins(layers, info.pullProgress);
  const shown = (): ImageProgress => shownAt(progress, clock.monotonic());
  step("resolved", { status: { progress: shown() } });
  const silence = new Silence(flight);
  const onFrame = (frame: PullFrame): void => {
    const before = shown().done;
    progress = withFrame(progress, frame, clock.monotonic());
    silence.heard(frame, shown().done !== before);
    parts.board.progress(digest, shown());
  };
  await silence.over((limit) => parts.runtime.pullImage({ ...asked, layers }, onFrame, limit), signal);
  step("pulled");
  const presence = await parts.runtime.inspectImage(identity, signal);
  if (presence.kind === "unknown") throw new FlightFault("runtime_unavailable", presence.why);
  if (presence.kind !== "present")
    throw new FlightFault("import_failed", "the engine pulled the image, and does not have it");
  step("imported", { ours: true, retired: false });
}

const resolveMs: Ms = 30_000;
const noAnswer = (): FlightFault => new FlightFault("network", "the registry did not answer within 30 s");

/** An engine may unpack for long without a word, and one that tells nothing of a pull is silent all the time. */
const silentMs: Ms = 15 * 60_000;

/** Engines wait for a registry that stalls for ever; here it is noticed. */
class Silence {
  readonly #flight: Flight;
  readonly #late = new AbortController();
  #timer: Timer | undefined;

  constructor(flight: Flight) {
    this.#flight = flight;
  }

  async over(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { info, parts } = this.#flight;
    this.#wait(info.pullProgress === "none" ? silentMs : parts.stallMs);
    try {
      await work(AbortSignal.any([signal, this.#late.signal]));
    } catch (error) {
      throw this.#late.signal.aborted && !signal.aborted ? reasonOf(this.#late.signal) : error;
    } finally {
      this.#timer?.cancel();
    }
  }

  /** A frame of a download that brought nothing is no sign of life. */
  heard({ status }: PullFrame, isMore: boolean): void {
    if (status !== "Downloading") this.#wait(silentMs);
    else if (isMore) this.#wait(this.#flight.parts.stallMs);
  }

  #wait(ms: Ms): void {
    this.#timer?.cancel();
    const text = `the registry sent nothing for ${Math.round(ms / 1000)} s`;
    this.#timer = this.#flight.parts.ports.clock.after(ms, () =>
      this.#late.abort(new FlightFault("stalled", text)),
    );
  }
}
