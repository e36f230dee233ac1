import { fromBinary, toBinary } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AttemptRef } from "../model/fence.ts";
import { parseGeneration, parseRunId, parseStepId } from "../model/ids.ts";
import { AttemptResultSchema } from "../services.ts";
import { downward, result, task, upward } from "../testing/arbitraries.ts";
import { run } from "../testing/run-arbitraries.ts";
import { resultFromWire, resultToWire } from "./attempt-wire.ts";
import { outcomeFromWire, runStatusFromWire, stepPhaseFromWire } from "./enums.ts";
import { runFromWire, runToWire } from "./run-wire.ts";
import { downwardFromWire, downwardToWire, upwardFromWire, upwardToWire } from "./session-wire.ts";
import { taskFromWire, taskToWire } from "./task-wire.ts";

/** A message of protobuf-es has its own prototypes in it. */
const plain = <T>(value: T): T => structuredClone(value);

/** For every value; an assertion inside says what is wrong. */
function forAny<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      check(value);
    }),
  );
}

describe("what one end says is what the other end hears", () => {
  test("upwards", () => {
    forAny(upward, (message) => expect(upwardFromWire(upwardToWire(message))).toEqual(message));
  });

  test("downwards", () => {
    forAny(downward, (message) => expect(downwardFromWire(downwardToWire(message))).toEqual(message));
  });

  test("tasks", () => {
    forAny(task, (value) => expect(taskFromWire(taskToWire(value))).toEqual(value));
  });

  test("results, through the bytes that a spool keeps", () => {
    forAny(result, (value) => {
      const stored = toBinary(AttemptResultSchema, resultToWire(value));
      expect(resultFromWire(fromBinary(AttemptResultSchema, stored))).toEqual(value);
    });
  });

  test("runs with their steps", () => {
    forAny(run, (value) => expect(plain(runFromWire(runToWire(value, value.steps)))).toEqual(value));
  });
});

describe("what this version does not know", () => {
  const wire = () =>
    resultToWire({ ref: known, outcome: "succeeded", outputs: new Map(), artifacts: [], logs: [] });
  const known: AttemptRef = {
    runId: parseRunId("r"),
    stepId: parseStepId("s"),
    attempt: 1,
    generation: parseGeneration("1-a"),
  };

  test("is an explicit undefined, never a default", () => {
    for (const number of [0, 99, -1]) {
      expect([outcomeFromWire(number), runStatusFromWire(number), stepPhaseFromWire(number)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
  });

  test("is named where it cannot be passed over", () => {
    expect(() => resultFromWire({ ...wire(), outcome: 99 as never })).toThrow("result.outcome");
    expect(() => resultFromWire({ ...wire(), ref: undefined })).toThrow("ref: expected a value");
    expect(() => resultFromWire({ ...wire(), outputs: { n: "{" } })).toThrow(
      'result.outputs["n"]: expected JSON',
    );
  });

  test("a message of a later version is passed over", () => {
    expect(upwardFromWire({ body: { case: undefined } } as never)).toBeUndefined();
    expect(downwardFromWire({ body: { case: undefined } } as never)).toBeUndefined();
  });

  test("a reason of a later version still is a refusal", () => {
    const message = downwardToWire({ kind: "refusals", refusals: [{ ref: known, reason: "expired" }] });
    if (message.body.case !== "refusals") return expect.fail();
    for (const refusal of message.body.value.refusals) refusal.reason = 99 as never;
    expect(downwardFromWire(message)).toMatchObject({ refusals: [{ reason: "unknown" }] });
  });

  test("an attempt number of 0 and a number beyond 2^53 are refused", () => {
    expect(() =>
      resultFromWire(
        resultToWire({
          ...plain({ outcome: "failed", outputs: new Map(), artifacts: [], logs: [] }),
          ref: { ...known, attempt: 0 },
        }),
      ),
    ).toThrow("ref.attempt");
    const message = upwardToWire({
      kind: "heartbeat",
      seq: 1,
      held: [],
      snapshotsAdded: [],
      snapshotsEvicted: [],
    });
    if (message.body.case === "heartbeat") message.body.value.seq = 2n ** 60n;
    expect(() => upwardFromWire(message)).toThrow("heartbeat.seq: expected a number below 2^53");
  });

  test("a key that would change what an object is pollutes nothing (PB-5)", () => {
    const evil = new Map([["__proto__", "x"]]);
    const heard = taskFromWire(
      taskToWire({
        ref: known,
        dagName: "d",
        env: evil,
        inputs: [],
        artifacts: [],
        outputs: [],
        work: { kind: "run", script: "", shell: [], workdir: "" },
      }),
    );
    expect(heard.env.size).toBeLessThanOrEqual(1);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });
});
