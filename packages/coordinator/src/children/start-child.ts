/** A step that no worker takes, turned into what the store is told: the run that it is, or why it cannot be. */

import { FaultError, messageOf, systemCodeOf, worthRetrying } from "@haversack/base";
import { type Failure, ProblemsError, parseRunId, type StepSpec } from "@haversack/protocol";
import { isSlug } from "../dag/slug.ts";
import type { ChildSubmitter } from "../library/submit-child.ts";
import { hasExpression } from "../runs/expressions.ts";
import type { ReadyChild } from "../store/verbs/child-ready.ts";
import type { ChildStart } from "../store/verbs/child-start.ts";

export interface StartParts {
  readonly submitter: ChildSubmitter;
  readonly newId: () => string;
  readonly now: () => number;
  /** Runs within runs. */
  readonly depthMax: number;
}

export type Started =
  | { readonly kind: "start"; readonly start: ChildStart }
  | { readonly kind: "refuse"; readonly failure: Failure };

/** Rejects only with what may be over later. */
export async function startOf(ready: ReadyChild, parts: StartParts): Promise<Started> {
  const failure = refusal(ready, parts.depthMax);
  if (failure !== undefined) return { kind: "refuse", failure };
  const { runId, index, attempt } = ready;
  try {
    const id = parseRunId(parts.newId());
    const child = await parts.submitter.childRun(ready, id);
    return { kind: "start", start: { runId, index, attempt, now: parts.now(), ...child } };
  } catch (error) {
    const told = permanent(error);
    if (told === undefined) throw error;
    return { kind: "refuse", failure: told };
  }
}

/** What is wrong already with what the step asks for. */
function refusal({ step, child, depth }: ReadyChild, depthMax: number): Failure | undefined {
  if (child === undefined)
    return { code: "not_a_dag_step", message: `no worker takes a step of kind ${step.work.kind}` };
  const problem = nameProblem(step, child.use);
  if (problem !== undefined) return { code: "bad_dag_name", message: problem };
  if (depth < depthMax) return undefined;
  const message = `the run of ${child.use} would be within ${depth + 1} others, at most ${depthMax} are allowed; does the DAG start itself without an end?`;
  return { code: "too_deep", message };
}

function nameProblem({ work }: StepSpec, use: string): string | undefined {
  if (work.kind !== "dag" || !hasExpression(work.use)) return undefined;
  const shown = JSON.stringify(use.slice(0, 80));
  const { candidates } = work;
  if (candidates !== undefined && !candidates.includes(use)) {
    return `\`dag.use\` gave ${shown}, which is none of its candidates: ${candidates.join(", ")}`;
  }
  if (isSlug(use)) return undefined;
  return `\`dag.use\` gave ${shown}, which is no name of a DAG`;
}

/** Undefined: the same start may succeed later. */
function permanent(error: unknown): Failure | undefined {
  if (error instanceof ProblemsError) {
    return { code: error.problems[0]?.code ?? "invalid", message: error.message };
  }
  // The system's, such as a library that cannot be read now. Others are bugs, and the same the next time.
  if (systemCodeOf(error) !== undefined && !(error instanceof FaultError)) return undefined;
  if (!(error instanceof FaultError)) {
    return { code: "internal", message: `the child run cannot be made: ${messageOf(error)}` };
  }
  return worthRetrying[error.fault] ? undefined : { code: error.code, message: error.message };
}
