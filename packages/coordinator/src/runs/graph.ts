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

export interface AncestryQuestion {
  readonly step: number;
  /** Is it an ancestor of the step? */
  readonly other: number;
}

/** Bits that are kept at once, whatever the number of steps: 12.5 MB. */
const bitsMax = 100_000_000;

/**
 * Answers all questions together, in their order. One bit for each pair of a step and one of the others that are asked for,
 * a block of others at a time; each block is one pass along the edges.
 *
 * @param graph without a cycle
 */
export function ancestry(graph: DagGraph, questions: readonly AncestryQuestion[]): boolean[] {
  const answers = questions.map(() => false);
  const asked = [...new Set(questions.map(({ other }) => other))].toSorted((a, b) => a - b);
  const blockSize = Math.max(32, Math.floor(bitsMax / Math.max(1, graph.depends.length)));
  const byOther = Map.groupBy(questions.keys(), (index) => questions[index]?.other ?? -1);
  const order = asked.length === 0 ? [] : inOrder(graph);
  for (let from = 0; from < asked.length; from += blockSize) {
    const block = asked.slice(from, from + blockSize);
    const isAncestor = reachOf(block, graph, order);
    for (const [bit, other] of block.entries()) {
      for (const index of byOther.get(other) ?? [])
        answers[index] = isAncestor(questions[index]?.step ?? 0, bit);
    }
  }
  return answers;
}

/** Every step after those that it depends on. */
function inOrder({ depends, dependents }: DagGraph): number[] {
  const missing = depends.map((list) => list.length);
  const order = [...depends.keys()].filter((step) => missing[step] === 0);
  for (const step of order) {
    for (const dependent of dependents[step] ?? []) {
      missing[dependent] = (missing[dependent] ?? 0) - 1;
      if (missing[dependent] === 0) order.push(dependent);
    }
  }
  return order;
}

/** @param block the steps that are looked for; they are named by their place in it */
function reachOf(block: readonly number[], { depends }: DagGraph, order: readonly number[]) {
  const width = Math.ceil(block.length / 32);
  const bits = new Uint32Array(depends.length * width);
  const bitOf = new Map(block.map((step, bit) => [step, bit]));
  for (const step of order) {
    const own = bits.subarray(step * width, (step + 1) * width);
    for (const dependency of depends[step] ?? []) {
      const theirs = dependency * width;
      for (let word = 0; word < width; word++) own[word] = (own[word] ?? 0) | (bits[theirs + word] ?? 0);
      const bit = bitOf.get(dependency);
      if (bit !== undefined) own[bit >>> 5] = (own[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
  }
  return (step: number, bit: number): boolean =>
    (((bits[step * width + (bit >>> 5)] ?? 0) >>> (bit & 31)) & 1) === 1;
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
