/**
 * Spans of this process, on their way to a receiver of OTLP. The libraries behind it are loaded when it starts, so that a
 * process without traces pays nothing. Nothing here ever fails or waits for work that it tells of: a span that does not
 * fit into the queue is dropped.
 */

import { messageOf, type Ports, type Service } from "@haversack/base";
import type { TraceSettings } from "./settings.ts";
import type { OpenSpan, SpanMaker, SpanStart } from "./span.ts";

/** How long an end waits for what has not been received. */
const finishMsMax = 2000;

export class Tracing implements Service {
  readonly name = "traces";
  readonly #settings: TraceSettings;
  readonly #version: string;
  readonly #ports: Ports;
  #maker: SpanMaker | undefined;

  constructor(settings: TraceSettings, version: string, ports: Ports) {
    this.#settings = settings;
    this.#version = version;
    this.#ports = ports;
  }

  /** Never rejects: without traces work goes on. */
  async start(): Promise<void> {
    const { log } = this.#ports;
    const { refused: error } = this.#settings;
    if (error !== undefined) return log.warn({ error }, "no traces: they have no address to go to");
    for (const remark of this.#settings.remarks)
      log.warn({ remark }, "a variable of OpenTelemetry is not used");
    try {
      const { openOtlp } = await import("./otlp.ts");
      this.#maker = openOtlp(this.#settings, this.#version, log);
    } catch (error) {
      log.warn({ error: messageOf(error) }, "no traces: OpenTelemetry cannot be started");
    }
  }

  begin(start: SpanStart): OpenSpan {
    const { clock } = this.#ports;
    const span = this.#maker?.begin({ ...start, startedAt: start.startedAt ?? clock.now() });
    return {
      context: span?.context ?? start.parent,
      end: (end = {}) => span?.end({ ...end, endedAt: end.endedAt ?? clock.now() }),
    };
  }

  /** Waits for the receiver for two seconds at most. */
  async stop(): Promise<void> {
    const maker = this.#maker;
    this.#maker = undefined;
    if (maker === undefined) return;
    const over = Promise.withResolvers<void>();
    const timer = this.#ports.clock.after(finishMsMax, over.resolve);
    await Promise.race([maker.finish(), over.promise]);
    timer.cancel();
  }
}

/** Undefined: no traces are asked for. */
export const tracingOf = (
  settings: TraceSettings | undefined,
  version: string,
  ports: Ports,
): Tracing | undefined => (settings === undefined ? undefined : new Tracing(settings, version, ports));
