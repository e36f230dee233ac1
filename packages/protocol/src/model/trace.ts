/**
 * The place of something in a trace, as W3C Trace Context tells it between programs: `traceparent` and `tracestate`.
 * What a header says that is not so written is as if it were not there.
 */

import type { RunId } from "./ids.ts";

export interface TraceContext {
  /** 32 lower-case hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** Of the span that the next one hangs under: 16 lower-case hexadecimal digits, not all 0. */
  readonly spanId: string;
  /** Bit 0: sampled; bit 1: the trace id is random. */
  readonly flags: number;
  /** `tracestate`, handed on as it came; empty: none. */
  readonly state: string;
}

/** What a run keeps of its trace. */
export interface RunTrace {
  readonly traceId: string;
  readonly flags: number;
  readonly state: string;
  /** Span that the run's hangs under. */
  readonly parentId: string;
  /** Span of the run itself; empty: nobody makes one, so what the run does hangs under `parentId`. */
  readonly spanId: string;
  /** Of a retry: the span of the run that it repeats. */
  readonly repeats?: Pick<TraceContext, "traceId" | "spanId">;
}

const sampledFlag = 1;
/** Those of level 2; others mean nothing to us and are not handed on. */
const knownFlags = 3;
const parentPattern = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const stateCharactersMax = 512;
const stateMembersMax = 32;
const stateMember =
  /^[a-z\d][a-z\d_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** Undefined: there is none, or it is not written as the standard says. A later version's is read as far as it is known. */
export function parseTraceparent(
  parent: string | null | undefined,
  state?: string | null,
): TraceContext | undefined {
  const [, version, traceId = "", spanId = "", flags = "", more] =
    parentPattern.exec(parent?.trim() ?? "") ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return {
    traceId,
    spanId,
    flags: Number.parseInt(flags, 16) & knownFlags,
    state: checkedState(state ?? ""),
  };
}

/** Of a list that is wrong nothing is kept. */
function checkedState(text: string): string {
  const members = text
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf("="))));
  const isGood = members.every((member) => stateMember.test(member)) && keys.size === members.length;
  const state = members.join(",");
  return isGood && members.length <= stateMembersMax && state.length <= stateCharactersMax ? state : "";
}

export const formatTraceparent = ({ traceId, spanId, flags }: TraceContext): string =>
  `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;

export const isSampled = ({ flags }: Pick<TraceContext, "flags">): boolean => (flags & sampledFlag) !== 0;

/** What something in the run hangs under. */
export const contextOfRun = ({ traceId, flags, state, parentId, spanId }: RunTrace): TraceContext => ({
  traceId,
  spanId: spanId === "" ? parentId : spanId,
  flags,
  state,
});

/** Headers of a call, or variables of a process. @param upper names of variables */
export function traceFields(context: TraceContext | undefined, upper = false): [string, string][] {
  if (context === undefined) return [];
  const fields: [string, string][] = [["traceparent", formatTraceparent(context)]];
  if (context.state !== "") fields.push(["tracestate", context.state]);
  return upper ? fields.map(([name, value]) => [name.toUpperCase(), value]) : fields;
}

/** The trace of a run that was submitted by somebody with a place in one. @param spanId undefined: nobody makes its span */
export const traceOfRun = (context: TraceContext, spanId: string | undefined): RunTrace => {
  const { traceId, flags, state } = context;
  const own = spanId !== undefined && isSampled(context) ? spanId : "";
  return { traceId, flags, state, parentId: context.spanId, spanId: own };
};

/** Of a child run: within the one that started it, which waits for it. */
export const traceOfChild = (parent: RunTrace, spanId: string): RunTrace =>
  traceOfRun(contextOfRun(parent), parent.spanId === "" ? undefined : spanId);

/** Of a retry: it has the place of whoever asked for it, and names the run that it repeats. */
export const traceOfRetry = (own: RunTrace, earlier: RunTrace | undefined): RunTrace =>
  earlier === undefined || earlier.spanId === ""
    ? own
    : { ...own, repeats: { traceId: earlier.traceId, spanId: earlier.spanId } };

export interface EndedRun {
  readonly id: RunId;
  readonly dagName: string;
  readonly status: string;
  readonly createdAt: number;
  readonly endedAt: number;
  readonly trace: RunTrace;
}
