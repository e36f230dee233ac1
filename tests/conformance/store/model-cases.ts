/** Random runs, and what may happen to one. */

import { type HandlerKind, handlerKinds, type StepSpec } from "@haversack/protocol";
import * as fc from "fast-check";
import type { RefCondition } from "./reference.ts";
import { step, ttlMs } from "./store-world.ts";

const names = ["a", "b", "c", "d", "e"];

export const conditions: readonly RefCondition[] = [
  { text: "true", rescues: false, isTrue: () => true },
  { text: "false", rescues: false, isTrue: () => false },
  { text: "success()", rescues: false, isTrue: ({ satisfied }) => satisfied },
  { text: "always()", rescues: true, isTrue: () => true },
  { text: "failure()", rescues: true, isTrue: ({ failed }) => failed },
  { text: "!failure()", rescues: true, isTrue: ({ failed }) => !failed },
  { text: "cancelled()", rescues: true, isTrue: ({ cancelled }) => cancelled },
  {
    text: "success() || failure()",
    rescues: true,
    isTrue: ({ satisfied, failed }) => satisfied || failed,
  },
];

export const steps = fc
  .array(
    fc.record({
      depends: fc.nat(31),
      limit: fc.nat(2),
      delayMs: fc.constantFrom(0, 5000),
      onWorkerLost: fc.constantFrom("retry", "retry", "fail"),
      condition: fc.option(fc.constantFrom(...conditions), { freq: 3 }),
      continueOnError: fc.boolean(),
    }),
    { minLength: 1, maxLength: names.length },
  )
  .map((all) =>
    all.map(({ depends, limit, delayMs, onWorkerLost, condition, continueOnError }, index): StepSpec => {
      const before = names.slice(0, index).filter((_, bit) => (depends & (1 << bit)) !== 0);
      const retry = { limit, backoff: "fixed", delayMs, maxDelayMs: 60_000 } as const;
      return step(names[index] ?? "", before, {
        retry,
        onWorkerLost,
        ...(condition === null ? {} : { condition: condition.text }),
        ...(continueOnError ? { continueOnError } : {}),
      });
    }),
  );

/** A few of any kinds; most runs have none. */
export const handlers = fc
  .oneof(
    { weight: 2, arbitrary: fc.constant<HandlerKind[]>([]) },
    { weight: 3, arbitrary: fc.subarray([...handlerKinds, ...handlerKinds]) },
  )
  .map((kinds) =>
    handlerKinds
      .flatMap((kind) => kinds.filter((each) => each === kind))
      .map((handler, index): StepSpec => ({ ...step(`h${index}`), handler })),
  );

const which = fc.nat(1000);
/** Mostly the attempt's own worker; sometimes another. */
const thief = fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0);

export const command = fc.oneof(
  { weight: 9, arbitrary: fc.record({ do: fc.constant("claim"), which, worker: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("start"), which, thief }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("finish"),
      which,
      thief,
      outcome: fc.constantFrom("succeeded", "succeeded", "failed", "cancelled", "returned"),
      interrupted: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("renew"), worker: fc.nat(2), held: which }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("greet"), worker: fc.nat(2), held: which, reboot: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("advance"), ms: fc.constantFrom(1, 5000, 15_000, ttlMs) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("expire") }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("lose") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel") }) },
);

export type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;
