/**
 * Spans of the coordinator: what asked for a run, and the run itself. A run's span is made by the coordinator whose
 * transaction ended it, and there is one such transaction; its id follows from the run's, so that steps and child runs
 * name it while it is still open.
 */

import { FaultError, type Ports } from "@haversack/base";
import {
  type EndedRun,
  type OpenSpan,
  type RunId,
  type RunTrace,
  type SpanStart,
  spanIdOfRun,
  type TraceContext,
  type TraceSettings,
  type Tracing,
  traceOfRun,
  tracingOf,
} from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import { version } from "../version.ts";

/** Undefined: no traces are asked for. It is to be started before, and stopped after, whatever makes spans. */
export function openTraces(
  store: Pick<Store, "listen">,
  settings: TraceSettings | undefined,
  ports: Ports,
): Tracing | undefined {
  const tracing = tracingOf(settings, version, ports);
  if (tracing !== undefined) {
    store.listen({
      ended: (runs) => {
        for (const run of runs) tell(run, tracing);
      },
    });
  }
  return tracing;
}

function tell({ id, dagName, status, createdAt, endedAt, trace }: EndedRun, tracing: Tracing): void {
  const { traceId, flags, state, parentId, spanId, repeats } = trace;
  const span = tracing.begin({
    name: `run ${dagName}`,
    kind: "internal",
    parent: { traceId, flags, state, spanId: parentId },
    id: spanId,
    startedAt: createdAt,
    attributes: { "haversack.run.id": id, "haversack.dag.name": dagName, "haversack.outcome": status },
    links: repeats === undefined ? [] : [repeats],
  });
  span.end({ endedAt, ...(status === "failed" ? { error: status } : {}) });
}

export interface SubmitParts {
  readonly tracing: Tracing | undefined;
  readonly start: Pick<SpanStart, "name" | "kind" | "parent">;
}

/** Under a span of its own. @param work is given the place of the run that it makes */
export async function underSpan<T extends { readonly runId: RunId; readonly existed: boolean }>(
  { tracing, start }: SubmitParts,
  work: (place: PlaceOf) => Promise<T>,
): Promise<T> {
  if (tracing === undefined) return await work(() => placeOf(start.parent));
  const span = tracing.begin(start);
  try {
    const made = await work((id) => placeOf(span.context, spanIdOfRun(id)));
    const { runId, existed } = made;
    span.end({ attributes: { "haversack.run.id": runId, "haversack.run.existed": existed } });
    return made;
  } catch (error) {
    endFailed(span, error);
    throw error;
  }
}

const endFailed = (span: OpenSpan, error: unknown): void =>
  span.end({ error: error instanceof FaultError ? error.code : "internal" });

/** What a new run keeps of its trace; empty: it has none. */
export type PlaceOf = (id: RunId) => { readonly trace?: RunTrace };

const placeOf = (context: TraceContext | undefined, spanId?: string): ReturnType<PlaceOf> =>
  context === undefined ? {} : { trace: traceOfRun(context, spanId) };
