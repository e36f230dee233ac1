/** What is said of a span, at its start and at its end. */

import type { TraceContext } from "../model/trace.ts";

/** What one span says; no value of a parameter, an environment or a secret stands in it. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  readonly name: string;
  readonly kind: "client" | "server" | "internal";
  /** Absent: a trace begins here. */
  readonly parent?: TraceContext | undefined;
  /** Absent: a random one. */
  readonly id?: string;
  /** Absent: now. */
  readonly startedAt?: number;
  readonly attributes?: SpanAttributes;
  readonly links?: readonly Pick<TraceContext, "traceId" | "spanId">[];
}

export interface SpanEnd {
  readonly attributes?: SpanAttributes;
  /** Code of a failure. */
  readonly error?: string;
  /** Absent: now. */
  readonly endedAt?: number;
}

export interface OpenSpan {
  /** What hangs under it hangs under this. */
  readonly context: TraceContext | undefined;
  /** The first end counts. */
  end(end?: SpanEnd): void;
}

/** What `otlp.ts` makes. */
export interface SpanMaker {
  begin(start: SpanStart & { readonly startedAt: number }): {
    readonly context: TraceContext;
    end(end: SpanEnd & { readonly endedAt: number }): void;
  };
  /** Sends what waits. Resolves when it was received, or will not be. */
  finish(): Promise<void>;
}
