/**
 * Whether the container engine answers, and what it says of itself. It is asked at start, every minute, and, while it does
 * not answer, after 5 s, 10 s … 60 s. Nobody waits for it but those who need an image from it.
 */

import { type Ms, messageOf, type Ports, Wakeup } from "@haversack/base";
import type { ContainerEngine } from "@haversack/protocol";
import type { SettledPrefetch } from "../config/prefetch-policy.ts";
import type { Runtime, RuntimeInfo } from "../runtime/runtime.ts";
import { plain } from "./flight-fault.ts";
import { probeAfterMs } from "./schedule.ts";

export interface EngineWatchParts {
  readonly ports: Ports;
  readonly runtime: Runtime;
  readonly kind: RuntimeInfo["kind"];
  readonly prefetch: SettledPrefetch;
  /** After each question, answered or not. */
  readonly onAsked: (signal: AbortSignal) => Promise<void>;
  /** What the coordinator was told is not so any more. */
  readonly onChanged: (engine: ContainerEngine) => void;
}

const askMs: Ms = 10_000;

export class EngineWatch {
  readonly #parts: EngineWatchParts;
  readonly #wakeup = new Wakeup();
  #info: RuntimeInfo | undefined;
  #why: string | undefined = "the engine was not asked yet";
  #unanswered = 0;
  #answer = Promise.withResolvers<void>();
  #told = "";

  constructor(parts: EngineWatchParts) {
    this.#parts = parts;
  }

  /** As it said last, also when it does not answer now. */
  get info(): RuntimeInfo | undefined {
    return this.#info;
  }

  /** Undefined: it answers. */
  get why(): string | undefined {
    return this.#why;
  }

  get nextProbeMs(): Ms {
    return probeAfterMs(Math.max(1, this.#unanswered));
  }

  engine(): ContainerEngine {
    const { kind, prefetch } = this.#parts;
    return {
      kind: this.#info?.kind ?? kind,
      version: this.#info?.version ?? "",
      arch: this.#info?.arch ?? "",
      copyOnWrite: this.#info?.copyOnWrite ?? false,
      ...(this.#why === undefined ? {} : { unavailable: this.#why }),
      prefetch: prefetch.policy,
      prefetchSource: prefetch.source,
    };
  }

  /** Asks now. Never rejects. */
  async ask(signal: AbortSignal): Promise<RuntimeInfo | undefined> {
    const late = new AbortController();
    const timer = this.#parts.ports.clock.after(askMs, () => late.abort());
    try {
      const info = await this.#parts.runtime.describe(AbortSignal.any([signal, late.signal]));
      this.#learned(info, undefined);
      return info;
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#learned(this.#info, late.signal.aborted ? "the engine does not answer" : plain(messageOf(error)));
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  /** Somebody else saw that it does not answer: ask soon. */
  doubt(): void {
    this.#wakeup.ring();
  }

  /** Resolves when it answers again. */
  get answers(): Promise<void> {
    return this.#answer.promise;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.ask(signal);
      await this.#parts.onAsked(signal);
      await this.#wakeup.nextWithin(this.#parts.ports.clock, probeAfterMs(this.#unanswered), signal);
    }
  }

  #learned(info: RuntimeInfo | undefined, why: string | undefined): void {
    this.#info = info;
    this.#why = why;
    if (why === undefined) {
      this.#unanswered = 0;
      this.#answer.resolve();
    } else {
      if (this.#unanswered === 0) this.#answer = Promise.withResolvers<void>();
      this.#unanswered += 1;
    }
    const engine = this.engine();
    const told = JSON.stringify(engine);
    if (told === this.#told) return;
    this.#told = told;
    this.#parts.onChanged(engine);
  }
}
