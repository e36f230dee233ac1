import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Fault, FaultError, worthRetrying } from "@haversack/base";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AttemptRef } from "../model/fence.ts";
import {
  digestOfBytes,
  digestToBytes,
  parseDigest,
  parseGeneration,
  parseRunId,
  parseStepId,
} from "../model/ids.ts";
import { ProblemsError } from "../model/problem.ts";
import { AttemptResultSchema } from "../services.ts";
import { digest, downward, event, result, run, task, upward } from "../testing/arbitraries.ts";
import { resultFromWire, resultToWire } from "./attempt-wire.ts";
import { outcomeFromWire, runStatusFromWire, stepPhaseFromWire } from "./enums.ts";
import { faultToCode, fromConnectError, toConnectError } from "./fault-codes.ts";
import { eventFromWire, eventToWire, runFromWire, runToWire } from "./run-wire.ts";
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

  test("events", () => {
    forAny(event, (value) => expect(eventFromWire(eventToWire(value))).toEqual(value));
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
    expect(() => resultFromWire({ ...wire(), ref: undefined as never })).toThrow("ref: expected a value");
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
          ...plain({ outcome: "failed", outputs: new Map(), artifacts: [], logs: [] } as const),
          ref: { ...known, attempt: 0 },
        }),
      ),
    ).toThrow("ref.attempt");
    const message = upwardToWire({ kind: "heartbeat", seq: 1, held: [] });
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

describe("ids", () => {
  test.each(["", "a/b", "a b", "../x", "a\n", "x".repeat(65), "ü", "a.b"])(
    "%j is no run id, and is not repeated",
    (bad) => {
      expect(() => parseRunId(bad)).toThrow(expect.objectContaining({ fault: "invalid", code: "bad_id" }));
      expect(() => parseRunId(bad)).toThrow(/^a run id must match/);
    },
  );

  test.each(["", "-a", ".a", "a/b", "x".repeat(129), "a\n"])("%j is no step id", (bad) => {
    expect(() => parseStepId(bad)).toThrow("a step id must match");
  });

  test.each(["", "sha256:", `sha256:${"A".repeat(64)}`, `sha256:${"a".repeat(63)}`, `md5:${"a".repeat(64)}`])(
    "%j is no digest",
    (bad) => expect(() => parseDigest(bad)).toThrow("a digest must match"),
  );

  test("a digest is its 32 bytes", () => {
    forAny(digest, (value) => expect(digestOfBytes(digestToBytes(value))).toBe(value));
    expect(() => digestOfBytes(new Uint8Array(31))).toThrow("32 bytes, this one 31");
  });
});

describe("faults", () => {
  const faults = (Object.keys(worthRetrying) as Fault[]).filter((fault) => fault !== "bug");

  test.each(faults)("%s arrives as it left, with its code and message", (fault) => {
    const arrived = fromConnectError(toConnectError(new FaultError(fault, "some_code", "what to do")));
    expect(arrived).toMatchObject({ fault, code: "some_code", message: "what to do" });
  });

  test("each has a status of its own", () => {
    expect(new Set(Object.values(faultToCode)).size).toBe(Object.keys(faultToCode).length);
  });

  test("a bug says nothing about itself", () => {
    for (const error of [new FaultError("bug", "x", "secret"), new Error("secret"), "secret"]) {
      const left = toConnectError(error);
      expect([left.code, left.message.includes("secret")]).toEqual([Code.Internal, false]);
      expect(fromConnectError(left).fault).toBe("bug");
    }
  });

  test("problems arrive one by one", () => {
    const problems = [
      { file: "f.yaml", line: 3, column: 7, field: "steps[0].id", code: "bad_value", message: "no" },
    ];
    const arrived = fromConnectError(toConnectError(new ProblemsError(problems)));
    expect(arrived).toBeInstanceOf(ProblemsError);
    expect((arrived as ProblemsError).problems).toMatchObject(problems);
    expect(arrived.message).toBe("f.yaml:3:7: steps[0].id: no");
  });

  test.each([
    [Code.Unauthenticated, "denied"],
    [Code.DeadlineExceeded, "unavailable"],
    [Code.Unimplemented, "invalid"],
    [Code.Unknown, "bug"],
  ])("status %i of somebody else is %s", (code, fault) => {
    expect(fromConnectError(new ConnectError("text", code)).fault).toBe(fault);
  });
});
