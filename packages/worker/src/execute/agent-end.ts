/** From how the process of an agent step ended to how the work ended. */

import type { Upward } from "../agent/assignment.ts";
import type { WorkEnd } from "./executor.ts";
import { memoryProblem } from "./memory-limits.ts";
import { failed } from "./outcome-map.ts";
import { outputLimits } from "./outputs.ts";
import type { ProcessExit } from "./step-host.ts";

export type ChildEnd = Extract<Upward, { kind: "succeeded" | "failed" }>;

/** What the child said last, checked once more: it ran the model and its tools. */
export function agentEnd(end: ChildEnd): WorkEnd {
  const { usage } = end;
  // Another worker may know the format. Nothing was done yet.
  if (end.kind === "failed" && end.failure.code === "snapshot_version_unsupported") {
    return { outcome: "returned", failure: end.failure, outputs: new Map() };
  }
  if (end.kind === "failed") return failed(end.failure, usage === undefined ? {} : { usage });
  const outputs = new Map(Object.entries(end.outputs));
  const bytes = [...outputs.values()].map((value) => Buffer.byteLength(JSON.stringify(value)));
  const isTooLarge = bytes.some((size) => size > outputLimits.valueBytesMax);
  if (isTooLarge || bytes.reduce((sum, size) => sum + size, 0) > outputLimits.bytesMax) {
    const message = `an output may have at most ${outputLimits.valueBytesMax} bytes, all together ${outputLimits.bytesMax}; use an artifact for more`;
    return failed({ code: "output_too_large", message }, { usage: end.usage });
  }
  const { memory = [] } = end;
  const problem = memoryProblem(memory);
  if (problem !== undefined) return failed({ code: "bad_memory", message: problem }, { usage: end.usage });
  return { outcome: "succeeded", outputs, usage: end.usage, ...(memory.length > 0 && { memory }) };
}

/** The child said nothing last. */
export function agentCrash(exit: ProcessExit, lastWords: string): WorkEnd {
  const how =
    exit.kind === "exited" ? `exit code ${exit.code}` : exit.kind === "killed" ? exit.signal : exit.code;
  const words = lastWords === "" ? "" : `: ${lastWords}`;
  return failed({
    code: "agent_crashed",
    message: `the agent process ended without a result (${how})${words}`,
  });
}
