/** Child runs below the runs that started them: pure. */

import type { Run, RunDetail, RunId, Step } from "@haversack/protocol";

export interface Placed<T> {
  readonly of: T;
  /** 0: not below another one. */
  readonly level: number;
}

/** A list that is newest first, with each child run below its parent, oldest first; one without its parent stays where it is. */
export function runTree(runs: readonly Run[]): Placed<Run>[] {
  const known = new Set(runs.map(({ id }) => id));
  const below = new Map<RunId, Run[]>();
  const tops: Run[] = [];
  for (const run of runs) {
    const parent = run.parent?.runId;
    if (parent === undefined || !known.has(parent)) tops.push(run);
    else below.set(parent, [run, ...(below.get(parent) ?? [])]);
  }
  const placed = (run: Run, level: number): Placed<Run>[] => [
    { of: run, level },
    ...(below.get(run.id) ?? []).flatMap((child) => placed(child, level + 1)),
  ];
  return tops.flatMap((run) => placed(run, 0));
}

/** The steps of a run, each `dag` step followed by those of its child run, as far as that is known. */
export function stepTree(run: RunDetail, children: ReadonlyMap<RunId, RunDetail>, level = 0): Placed<Step>[] {
  return run.steps.flatMap((step) => {
    const child = step.childRunId === undefined ? undefined : children.get(step.childRunId);
    return [{ of: step, level }, ...(child === undefined ? [] : stepTree(child, children, level + 1))];
  });
}

export const indented = (text: string, level: number): string =>
  level === 0 ? text : `${"  ".repeat(level - 1)}└ ${text}`;
