/** What is decided about a step when its run is submitted: its labels and its pins. */

import type { DagSpec, JsonObject, RunId, StepSpec } from "@haversack/protocol";
import type { MemoryModes } from "@haversack/snapshot";
import type { TemplateData } from "../runs/expression-value.ts";
import { render } from "../runs/expressions.ts";
import type { StepSubmission } from "../store/verbs/run-submit.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";

/** For what is decided at submission: no step has an output yet. */
export function templateData(id: RunId, { name }: DagSpec, params: JsonObject): TemplateData {
  const run = { id, dag: name, error: null, status: null };
  return { params: new Map(Object.entries(params)), outputs: new Map(), statuses: new Map(), run };
}

export interface Pin {
  readonly pack: StoredPack;
  /** A step that reads memory gets its final pack when it is first handed out. */
  readonly memory: MemoryModes;
}

type PinFields = Omit<StepSubmission, "labels">;

export function stepSubmission(
  step: StepSpec,
  pin: PinFields | undefined,
  data: TemplateData,
): StepSubmission {
  const labels = Object.fromEntries(
    Object.entries(step.worker).map(([label, text]) => [label, render(text, data)]),
  );
  return { labels, ...pin };
}

/** As the store keeps it with its step. */
export function pinFields(pin: Pin | undefined): PinFields | undefined {
  if (pin === undefined) return undefined;
  const { digest } = pin.pack;
  const { read, write } = pin.memory;
  return {
    pinDigest: digest,
    ...(read.length > 0 ? {} : { snapshotDigest: digest }),
    ...(write.global === "none" && write.dag === "none" ? {} : { memoryWrite: write }),
  };
}
