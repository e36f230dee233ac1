/** The pins of a whole submission, with everything that is wrong with any of them at once. */

import { SnapshotError } from "../errors.ts";
import { defaultLimits, type SnapshotLimits } from "../limits.ts";
import type { StepPlan } from "../plan/plannable.ts";
import type { Problem, ProblemCode } from "../plan/problem.ts";
import { buildPin } from "./builder.ts";
import type { Pack } from "./pack.ts";

const nowhere = { file: "", line: 0, column: 0, field: "" } as const;

export interface PinsOutcome {
  /** By step id, as in the plan. */
  readonly packs: ReadonlyMap<string, Pack>;
  /** Not empty: the submission is refused. */
  readonly problems: readonly Problem[];
}

export function buildPins(
  plans: ReadonlyMap<string, StepPlan>,
  limits: SnapshotLimits = defaultLimits,
): PinsOutcome {
  const packs = new Map<string, Pack>();
  const problems: Problem[] = [];
  for (const [id, plan] of plans) {
    try {
      packs.set(id, buildPin(plan, limits));
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      problems.push({ ...(plan.place ?? nowhere), code: problemCode(error), message: error.message });
    }
  }
  return { packs, problems };
}

function problemCode({ code }: SnapshotError): ProblemCode {
  return code === "snapshot_too_large" || code === "key_like_string" || code === "bad_path"
    ? code
    : "snapshot_invalid";
}
