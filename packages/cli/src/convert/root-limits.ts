/** Root keys of a Dagu file that limit: how long a run may take, and how many there are at the same time. */

import type { Line } from "./lines.ts";
import type { Losses } from "./losses.ts";
import type { Section } from "./section.ts";
import { isScalar, numberOf, secondsOf } from "./values.ts";

const limitMax = 100_000;

/** @param asksPerson whether a step does */
export function timeoutLine(root: Section, asksPerson: boolean, losses: Losses): Line {
  const entry = root.take("timeout_sec");
  const value = secondsOf(entry?.value);
  if (entry !== undefined && entry.value !== 0 && value === undefined)
    losses.lose(entry.field, "expected whole seconds");
  const comments = [
    "Counts from the start of the first step, and ends every step: in Dagu a step's own time limit comes before that of the DAG.",
    ...(asksPerson ? ["The time that a person takes to answer counts; in Dagu nothing runs meanwhile."] : []),
  ];
  return { key: "timeout", value, comments };
}

export interface LimitedDag {
  /** As it is written in our file. */
  readonly name: string;
  readonly asksPerson: boolean;
}

export function concurrencyLine(root: Section, { name, asksPerson }: LimitedDag, losses: Losses): Line {
  const runs = root.take("max_active_runs");
  const queue = root.take("queue");
  const key = isScalar(queue?.value) ? String(queue.value) : name;
  const limit = runs === undefined ? 1 : numberOf(runs.value);
  const isUnlimited = runs !== undefined && limit <= 0;
  if (runs !== undefined && (!Number.isInteger(limit) || limit > limitMax))
    losses.lose(runs.field, `expected a number of runs up to ${limitMax}`);
  else if (queue !== undefined && (key === "" || key.length > 200 || key.includes("${")))
    losses.lose(queue.field, "expected the name of a queue, at most 200 characters long");
  else if (!isUnlimited && (runs !== undefined || queue !== undefined)) {
    const value = limit === 1 ? key : { key, limit };
    const comments = remarksOf(queue !== undefined, runs !== undefined);
    if (asksPerson) comments.push("A run whose person has not answered yet counts, too.");
    return { key: "concurrency", value, comments };
  }
  return { key: "concurrency", value: undefined };
}

function remarksOf(isQueue: boolean, isLimited: boolean): string[] {
  return [
    "Holds for every run, whoever starts it; the others wait, first come first served.",
    ...(isQueue ? ["The queue of Dagu is the key: DAGs with the same key wait for each other."] : []),
    ...(isQueue && !isLimited
      ? [
          "How many runs the queue lets through stands in the settings of Dagu's server. Here it is one, unless it says {key, limit}.",
        ]
      : []),
  ];
}
