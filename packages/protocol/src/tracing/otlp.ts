/** Spans by the libraries of OpenTelemetry, sent as protobuf over HTTP. Loaded by `tracing.ts` only where it is asked for. */

import type { Log } from "@haversack/base";
import {
  createTraceState,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { TraceContext } from "../model/trace.ts";
import type { TraceSettings } from "./settings.ts";
import type { SpanMaker, SpanStart } from "./span.ts";

/** Spans that wait; more are dropped. */
const queueMax = 2048;
const batchMax = 512;
const batchDelayMs = 1000;
/** Of one batch, repetitions included. */
const exportMsMax = 10_000;

const kinds = { client: SpanKind.CLIENT, server: SpanKind.SERVER, internal: SpanKind.INTERNAL } as const;

export function openOtlp(settings: TraceSettings, version: string, log: Log): SpanMaker {
  const ids = new ChosenIds();
  const processor = new BatchSpanProcessor({
    exporter: told(new OTLPTraceExporter(), log),
    maxQueueSize: queueMax,
    maxExportBatchSize: batchMax,
    scheduledDelayMillis: batchDelayMs,
    exportTimeoutMillis: exportMsMax,
  });
  const own = { "service.name": settings.serviceName, "service.version": version };
  const resource = defaultResource()
    .merge(resourceFromAttributes(own))
    .merge(detectResources({ detectors: [envDetector] }));
  const provider = new TracerProvider({
    resource,
    sampler: samplerOf(settings),
    idGenerator: ids,
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("haversack", version);
  return {
    begin(start) {
      const { name, kind, parent, id, startedAt, attributes = {}, links = [] } = start;
      const context =
        parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote(parent));
      ids.next = id;
      const startTime = new Date(startedAt);
      const options = { kind: kinds[kind], startTime, attributes, links: links.map(linkTo) };
      const span = tracer.startSpan(name, options, context);
      ids.next = undefined;
      const { traceId, spanId, traceFlags: flags } = span.spanContext();
      return {
        context: { traceId, spanId, flags, state: parent?.state ?? "" },
        end({ attributes: more = {}, error, endedAt }) {
          span.setAttributes(more);
          if (error !== undefined) {
            span.setAttribute("error.type", error).setStatus({ code: SpanStatusCode.ERROR, message: error });
          }
          span.end(new Date(endedAt));
        },
      };
    },
    finish: () => provider.shutdown().catch(() => {}),
  };
}

const remote = ({ traceId, spanId, flags: traceFlags, state }: TraceContext): SpanContext => ({
  traceId,
  spanId,
  traceFlags,
  isRemote: true,
  ...(state === "" ? {} : { traceState: createTraceState(state) }),
});

const linkTo = ({ traceId, spanId }: NonNullable<SpanStart["links"]>[number]): Link => ({
  context: { traceId, spanId, traceFlags: TraceFlags.NONE },
});

function samplerOf({ sampler, ratio }: TraceSettings): Sampler {
  const parts = sampler.split("_");
  const isParentBased = parts[0] === "parentbased";
  const root = rootSampler(sampler, ratio);
  return isParentBased ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: TraceSettings["sampler"], ratio: number): Sampler {
  if (name.endsWith("traceidratio")) return new TraceIdRatioBasedSampler(ratio);
  return name.endsWith("always_off") ? new AlwaysOffSampler() : new AlwaysOnSampler();
}

/** Random ids, but for the span that has one already. */
class ChosenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  next: string | undefined;

  generateTraceId(): string {
    return this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.next ?? this.#random.generateSpanId();
  }
}

/** Says once when spans are not received, and once when they are again. */
function told(exporter: SpanExporter, log: Log): SpanExporter {
  let isFailing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined;
        if (failed && !isFailing)
          log.warn({ error: result.error?.message }, "traces are not received; work goes on");
        if (!failed && isFailing) log.info({}, "traces are received again");
        isFailing = failed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => await exporter.forceFlush?.(),
  };
}
