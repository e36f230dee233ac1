import {
  parseBootId,
  parseDigest,
  parseGeneration,
  parseRunId,
  parseStepId,
  parseWorkerId,
} from "@haversack/protocol";
import { expect, test } from "vitest";
import { answerForms, argsForms } from "./thread-texts.ts";
import type { ResultReports } from "./verbs/attempt-verbs.ts";
import type { Claimed, Claims } from "./verbs/step-verbs.ts";

const runId = parseRunId("0197f9a2-0000-7000-8000-000000000001");
const workerId = parseWorkerId("w");
const generation = parseGeneration("0197f9a2-0000-7000-8000-000000000002");
const digest = parseDigest(`sha256:${"0".repeat(64)}`);

const spec: Claimed["spec"] = {
  id: parseStepId("a"),
  depends: [],
  env: {},
  worker: {},
  retry: { limit: 0, backoff: "fixed", delayMs: 1, maxDelayMs: 1 },
  outputs: [],
  artifacts: [],
  inputs: [],
  onWorkerLost: "retry",
  work: { kind: "run", script: "true", shell: ["bash"], workdir: "" },
};

const claimedStep = (index: number): Claimed => ({
  runId,
  index,
  stepId: parseStepId(`a${index}`),
  attempt: 1,
  generation,
  workerId,
  dagName: "d",
  dagEnv: { A: "1" },
  spec: index < 2 ? spec : { ...spec, outputs: ["o"] },
  artifacts: [{ path: "p", digest, size: 1, executable: false }],
  data: {
    params: new Map([["p", { deep: [null, 1] }]]),
    outputs: new Map(index === 1 ? [["a/o", "text"]] : []),
    statuses: new Map(index === 1 ? [["a", "succeeded"]] : []),
    run: { id: runId, dag: "d", error: null, status: null },
    ...(index === 2 ? { item: { index: 0, value: null } } : {}),
  },
});

const there = (forms: typeof argsForms, verb: string, value: unknown): unknown => {
  const text = forms[verb]?.write(value);
  return text === undefined ? undefined : forms[verb]?.read(text);
};

test("what was claimed arrives as it was, with what its steps share and what they do not", () => {
  const all = [0, 1, 2].map(claimedStep);
  expect(there(answerForms, "stepsTake", all)).toEqual(all);
  expect(answerForms["stepsTake"]?.write(all)?.match(/"script"/g)).toHaveLength(2);
});

test("results keep their outputs, whatever they are called", () => {
  const reports: ResultReports = {
    workerId,
    now: 5,
    results: [
      {
        resultDigest: "d",
        result: {
          ref: { runId, stepId: parseStepId("a"), attempt: 1, generation },
          outcome: "failed",
          failure: { code: "c", message: "m" },
          outputs: new Map([["__proto__", { a: 1 }]]),
          artifacts: [],
          logs: [{ stream: "stdout", length: 3, sha256: digest }],
        },
      },
    ],
  };
  expect(there(argsForms, "attemptsFinish", reports)).toEqual(reports);
});

test("claims with packs go as they are, because packs are bytes", () => {
  const claim = { runId, index: 0, workerId, bootId: parseBootId("b") };
  const claims: Claims = { claims: [claim], generation, leaseUntil: 2, now: 1 };
  expect(there(argsForms, "stepsTake", claims)).toEqual(claims);
  const pack = { digest, formatVersion: 1, compressedSize: 1, uncompressedSize: 1, gzip: new Uint8Array(1) };
  const withPack = { ...claims, claims: [{ ...claim, pack }] };
  expect(argsForms["stepsTake"]?.write(withPack)).toBeUndefined();
});
