import * as fc from "fast-check";
import { expect, test } from "vitest";
import { dagOf } from "../testing/fleet-samples.ts";
import { ancestry, graphOf } from "./graph.ts";
import { stepsToRepeat } from "./repeat.ts";

/** Each step depends on earlier ones. */
const dag = fc
  .array(fc.array(fc.nat(100), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  .map((list) =>
    list.map((depends, index) => (index === 0 ? [] : [...new Set(depends.map((d) => d % index))])),
  );

const ends = ["succeeded", "skipped", "failed", "cancelled", "blocked"] as const;

test("what did not succeed, what was named, and all behind either: no less and no more", () => {
  fc.assert(
    fc.property(
      dag,
      fc.infiniteStream(fc.constantFrom(...ends)),
      fc.option(fc.nat(11)),
      (depends, coin, asked) => {
        const graph = graphOf(dagOf(depends));
        const phases = depends.map(() => coin.next().value ?? "succeeded");
        const from = asked === null ? undefined : asked % depends.length;
        const roots = [...depends.keys()].filter((index) => {
          const phase = phases[index];
          return (phase !== "succeeded" && phase !== "skipped") || index === from;
        });
        const isBehind = (step: number) =>
          roots.includes(step) ||
          ancestry(
            graph,
            roots.map((other) => ({ step, other })),
          ).includes(true);
        const expected = new Set([...depends.keys()].filter(isBehind));
        expect(stepsToRepeat(graph, phases, from)).toEqual(expected);
      },
    ),
  );
});

test("a chain of any length", () => {
  const depends = Array.from({ length: 20_000 }, (_, index) => (index === 0 ? [] : [index - 1]));
  const graph = graphOf(dagOf(depends));
  const phases = depends.map((_, index) => (index < 10_000 ? "skipped" : "blocked"));
  expect(stepsToRepeat(graph, phases, undefined).size).toBe(10_000);
});
