/** What is decided about a step when its run is submitted: who may run it, what it takes a part of, and its pins. */

import type { DagSpec, JsonObject, RunId, StepSpec } from "@haversack/protocol";
import type { MemoryModes } from "@haversack/snapshot";
import { deploymentOf, withDeployment } from "../runs/deployment-name.ts";
import type { TemplateData } from "../runs/expression-value.ts";
import { render } from "../runs/expressions.ts";
import { limitUses } from "../runs/limits.ts";
import { filledSelector } from "../runs/selector.ts";
import type { StepSubmission } from "../store/verbs/new-steps.ts";
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

type PinFields = Pick<StepSubmission, "pinDigest" | "snapshotDigest" | "memoryWrite">;

export function stepSubmission(
  step: StepSpec,
  pin: PinFields | undefined,
  data: TemplateData,
): StepSubmission {
  const fill = (text: string): string => render(text, data);
  const { priority, concurrency } = step;
  const uses = concurrency === undefined ? undefined : limitUses(concurrency, fill);
  const deployment = deploymentOf(step, fill);
  const limits = deployment === undefined ? uses : withDeployment(uses ?? [], deployment);
  return {
    labels: filledSelector(step.worker, fill),
    ...(priority === undefined ? {} : { priority }),
    ...(limits === undefined ? {} : { limits }),
    ...(deployment === undefined ? {} : { deployment }),
    ...pin,
  };
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
