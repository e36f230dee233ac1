/** Who waits for whom, by position in the DAG file. Built once for a DAG and shared by its runs. */

import type { DagSpec } from "@haversack/protocol";

export interface DagGraph {
  /** For each step: the steps that it depends on. */
  readonly depends: readonly (readonly number[])[];
  /** For each step: the steps that depend on it. */
  readonly dependents: readonly (readonly number[])[];
  readonly indexOf: ReadonlyMap<string, number>;
}

/** @param spec checked: every name under `depends` is a step */
export function graphOf(spec: DagSpec): DagGraph {
  const indexOf = new Map(spec.steps.map((step, index) => [step.id, index]));
  const depends = spec.steps.map((step) => step.depends.map((id) => indexOf.get(id) ?? -1));
  const dependents: number[][] = spec.steps.map(() => []);
  for (const [index, list] of depends.entries()) {
    for (const dependency of list) dependents[dependency]?.push(index);
  }
  return { depends, dependents, indexOf };
}

/** All ancestors of a step, each after those that it depends on itself: what was made last comes last. */
export function ancestorsInOrder(step: number, depends: readonly (readonly number[])[]): number[] {
  const seen = new Set([step]);
  const order: number[] = [];
  const path = [{ step, next: 0 }];
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const dependency = depends[top.step]?.[top.next++];
    if (dependency === undefined) {
      order.push(top.step);
      path.pop();
    } else if (!seen.has(dependency)) {
      seen.add(dependency);
      path.push({ step: dependency, next: 0 });
    }
  }
  return order.slice(0, -1);
}

/**
 * Answers whether a step is an ancestor of another, for any number of questions: one bit for each pair of steps, so
 * 12.5 MB for 10,000 steps, filled in one pass along the edges.
 *
 * @param graph without a cycle
 */
export function ancestry({ depends, dependents }: DagGraph): (step: number, other: number) => boolean {
  const width = Math.ceil(depends.length / 32);
  const bits = new Uint32Array(depends.length * width);
  const missing = depends.map((list) => list.length);
  const open = [...depends.keys()].filter((step) => missing[step] === 0);
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const own = bits.subarray(step * width, (step + 1) * width);
    for (const dependency of depends[step] ?? []) {
      const theirs = bits.subarray(dependency * width, (dependency + 1) * width);
      for (const [word, value] of theirs.entries()) own[word] = (own[word] ?? 0) | value;
      own[dependency >>> 5] = (own[dependency >>> 5] ?? 0) | (1 << (dependency & 31));
    }
    for (const dependent of dependents[step] ?? []) {
      missing[dependent] = (missing[dependent] ?? 0) - 1;
      if (missing[dependent] === 0) open.push(dependent);
    }
  }
  return (step, other) => (((bits[step * width + (other >>> 5)] ?? 0) >>> (other & 31)) & 1) === 1;
}

/** The names on one cycle, the first repeated at the end; undefined when there is none. */
export function findCycle(depends: readonly (readonly number[])[]): number[] | undefined {
  const state = depends.map(() => 0); // 0 not seen, 1 on the path, 2 done
  for (const start of depends.keys()) {
    if (state[start] !== 0) continue;
    const path = [{ step: start, next: 0 }];
    state[start] = 1;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const dependency = depends[top.step]?.[top.next++];
      if (dependency === undefined) {
        state[top.step] = 2;
        path.pop();
      } else if (state[dependency] === 1) {
        const steps = path.map(({ step }) => step);
        return [...steps.slice(steps.indexOf(dependency)), dependency];
      } else if (state[dependency] === 0) {
        state[dependency] = 1;
        path.push({ step: dependency, next: 0 });
      }
    }
  }
  return undefined;
}
