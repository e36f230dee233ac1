/** A step with items as its row of counters says. */

import { present } from "@haversack/base";
import type { ForeachSpec, StepPhase, StepSpec } from "@haversack/protocol";
import type { GroupState } from "../../runs/group.ts";
import type { Before } from "../../runs/outcomes.ts";
import { type StepEvent, stepAfter } from "../../runs/step-moves.ts";
import type { CachedDag } from "../dag-cache.ts";
import { flag, integer } from "../rows.ts";
import type { Row } from "../statement.ts";
import { beforeOfRow } from "./ended-step.ts";

/** A step whose items are known. */
export interface Group {
  readonly index: number;
  readonly spec: StepSpec & { readonly foreach: ForeachSpec };
  readonly before: Before;
  state: GroupState;
  /** None before this position waits. */
  released: number;
}

export function groupOfRow(dag: CachedDag, row: Row): Group {
  const index = integer(row, "idx");
  const [total, waiting, open] = [integer(row, "total"), integer(row, "waiting"), integer(row, "open")];
  const [failed, cancelled] = [integer(row, "failed"), integer(row, "cancelled")];
  return {
    index,
    spec: groupSpec(dag, index),
    before: beforeOfRow(row),
    state: { total, waiting, open, failed, cancelled, isStopped: flag(row, "stopped") },
    released: integer(row, "released"),
  };
}

export function groupSpec({ spec }: CachedDag, index: number): Group["spec"] {
  const step = present(spec.steps[index], "a step");
  return { ...step, foreach: present(step.foreach, "what the step is done for") };
}

/** What a step that waited becomes. */
export const phaseAfter = (event: StepEvent): StepPhase =>
  present(stepAfter("waiting", event), "a phase after waiting");
