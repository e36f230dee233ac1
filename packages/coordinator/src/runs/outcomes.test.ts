import { isTerminalStep, type StepPhase } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { type Condition, parseCondition } from "./conditions.ts";
import type { TemplateData } from "./expression-value.ts";
import { type Before, decideStep, passedOn } from "./outcomes.ts";
import { stepMoves } from "./step-moves.ts";

const data: TemplateData = {
  params: new Map([["yes", true]]),
  outputs: new Map(),
  statuses: new Map<string, StepPhase>([["a", "failed"]]),
  run: { id: "r", dag: "d", error: null, status: null },
};
const conditionOf = (text: string): Condition => {
  const parsed = parseCondition(text);
  return parsed.ok ? parsed.condition : expect.fail(parsed.problem);
};

/** Every way in which a step can come to be decided: satisfied or not, an ancestor failed, an ancestor was cancelled. */
const befores = [true, false].flatMap((isSatisfied) =>
  [false, true].flatMap((hasFailed) =>
    [false, true].map((hasCancelled): Before => ({ isSatisfied, hasFailed, hasCancelled })),
  ),
);

/** r: released, s: skipped, b: blocked; in the order of `befores`, the satisfied ones first. */
const table: readonly [string | undefined, string][] = [
  [undefined, "rrrr bbbb"],
  ["true", "rrrr bbbb"],
  ["false", "ssss bbbb"],
  ["params.yes", "rrrr bbbb"],
  ["steps.a.status == 'failed'", "rrrr bbbb"],
  ["success()", "rrrr bbbb"],
  ["!success()", "ssss bbbb"],
  ["success() && !params.yes", "ssss bbbb"],
  ["always()", "rrrr rrrr"],
  ["always() && !params.yes", "ssss bbbb"],
  ["failure()", "ssrr bbrr"],
  ["!failure()", "rrss rrbb"],
  ["cancelled()", "srsr brbr"],
  ["failure() || cancelled()", "srrr brrr"],
  ["success() || failure()", "rrrr bbrr"],
  ["failure() && steps.a.status == 'failed'", "ssrr bbrr"],
];

describe("what becomes of a step", () => {
  test.each(table)("with `if: %s`", (text, expected) => {
    const condition = text === undefined ? undefined : conditionOf(text);
    const row = befores.map((before) => decideStep(condition, before, data).slice(0, 1)).join("");
    expect(`${row.slice(0, 4)} ${row.slice(4)}`).toBe(expected);
  });
});

describe("what an end means for those behind it", () => {
  const ends = (Object.keys(stepMoves) as StepPhase[]).filter(isTerminalStep);
  const satisfied: Readonly<Partial<Record<StepPhase, "always" | "excused" | "never">>> = {
    succeeded: "always",
    skipped: "always",
    failed: "excused",
    cancelled: "never",
    blocked: "never",
  };

  test.each(ends)("%s", (phase) => {
    for (const continueOnError of [false, true]) {
      for (const before of befores) {
        const excused = satisfied[phase] === "excused" && continueOnError;
        expect(passedOn(phase, continueOnError, before)).toEqual({
          isSatisfied: satisfied[phase] === "always" || excused,
          hasFailed: before.hasFailed || phase === "failed",
          hasCancelled: before.hasCancelled || phase === "cancelled",
        });
      }
    }
    expect(satisfied[phase]).toBeDefined();
  });
});

describe("the text of an `if`", () => {
  const open = "$" + "{{";

  test("may stand in an expression's brackets or without", () => {
    expect(conditionOf(` ${open} params.yes }} `)).toEqual(conditionOf("params.yes"));
  });

  test.each([
    [`${open} params.yes }} && ${open} params.yes }}`],
    [`a ${open} params.yes }}`],
    ["params.yes }}"],
    [" "],
  ])("is one expression, so not %j", (text) => {
    expect(parseCondition(text)).toMatchObject({ ok: false });
  });
});
