/** DAGs as large as they may be: stored whole, handed out from the first step on, and nobody else waits for it. */

import { performance } from "node:perf_hooks";
import { silentLog, systemClock, systemRandom } from "@haversack/base";
import type { RunId, StepPhase } from "@haversack/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { helloOf, resultOf } from "../testing/fleet-samples.ts";
import { openRealStores, type RealStores } from "../testing/real-store.ts";
import { Library } from "./library.ts";
import { Snapshots } from "./snapshots.ts";
import { Submitter } from "./submit.ts";

const patienceMs = 240_000;
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
let stores: RealStores;
let submitter: Submitter;
beforeAll(async () => {
  stores = await openRealStores();
  submitter = new Submitter(
    stores.store,
    new Snapshots(stores.store, new Library("/none", undefined)),
    ports,
  );
});
afterAll(() => stores.close());

const text = (name: string, steps: readonly string[]): string =>
  `name: ${name}\nsteps:\n${steps.join("\n")}\n`;
const chain = (length: number): string[] =>
  Array.from({ length }, (_, index) => {
    const env = `env: { BEFORE: "\${{ steps.s${index - 1}.outputs.n }}" }`;
    const behind = index === 0 ? "" : `, depends: [s${index - 1}], ${env}`;
    return `  - { id: s${index}, run: "true", outputs: [n]${behind} }`;
  });
const fan = (width: number): string[] => [
  '  - { id: s0, run: "true" }',
  ...Array.from({ length: width }, (_, index) => `  - { id: s${index + 1}, run: "true", depends: [s0] }`),
  `  - { id: end, run: "true", depends: [${Array.from({ length: width }, (_, index) => `s${index + 1}`).join(", ")}] }`,
];

const submission = (dag: string) => ({ dag, fileName: "huge.yaml", params: {}, idempotencyKey: "" });

/** The longest time in which nothing else could happen, and that of the whole. */
async function watched<T>(work: Promise<T>): Promise<{ result: T; longest: number; whole: number }> {
  const start = performance.now();
  let last = start;
  let longest = 0;
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  const result = await work.finally(() => clearInterval(timer));
  return { result, longest: Math.max(longest, performance.now() - last), whole: performance.now() - start };
}

/** Claims a step and reports that it succeeded. */
async function succeed(runId: RunId, index: number): Promise<void> {
  const hello = helloOf("w");
  const from = { workerId: hello.workerId, now: 1_000 };
  const ref = await stores.claim(runId, index, hello, from.now);
  await stores.store.write.attemptsStart({ refs: [ref], ...from });
  const results = [{ result: resultOf(ref), resultDigest: ref.stepId }];
  expect(await stores.store.write.attemptsFinish({ results, ...from })).toEqual([]);
}

const phasesFrom = async (id: RunId, from: number, limit: number): Promise<StepPhase[]> =>
  (await stores.store.read.runRead({ id, steps: { from, limit } })).steps.map(({ phase }) => phase);

test(
  "a chain of 100,000 steps is stored whole while others are served, and handed out step by step",
  async () => {
    const dag = text("chain", chain(100_000));
    const { result, longest, whole } = await watched(submitter.submit(submission(dag)));
    expect(longest).toBeLessThan(whole / 3);
    const { runId } = result;
    expect((await stores.store.read.runRead({ id: runId, steps: { from: 0, limit: 1 } })).stepCount).toBe(
      100_000,
    );
    expect(await phasesFrom(runId, 99_998, 10)).toEqual(["waiting", "waiting"]);
    for (let index = 0; index < 3; index++) await succeed(runId, index);
    expect(await phasesFrom(runId, 0, 5)).toEqual([
      "succeeded",
      "succeeded",
      "succeeded",
      "ready",
      "waiting",
    ]);
  },
  patienceMs,
);

test(
  "a fan-out of 10,000 is released at once, and its join waits for all",
  async () => {
    const { runId } = await submitter.submit(submission(text("fan", fan(10_000))));
    await succeed(runId, 0);
    const released = new Set(await phasesFrom(runId, 1, 10_000));
    expect([...released]).toEqual(["ready"]);
    for (let index = 1; index < 4; index++) await succeed(runId, index);
    expect(await phasesFrom(runId, 10_001, 1)).toEqual(["waiting"]);
  },
  patienceMs,
);

test(
  "what is wrong with a large file is told as with a small one",
  async () => {
    const lines = chain(20_000).with(19_999, '  - { id: s19999, run: "true", depends: [nobody] }');
    const refused = submitter.validate({ dag: text("wrong", lines), fileName: "huge.yaml" });
    await expect(refused).rejects.toMatchObject({
      problems: [{ file: "huge.yaml", line: 20_002, field: "steps[19999].depends[0]", code: "unknown_step" }],
    });
    const tooMany = submitter.validate({ dag: text("more", chain(100_001)), fileName: "huge.yaml" });
    await expect(tooMany).rejects.toMatchObject({ problems: [{ field: "steps", code: "bad_value" }] });
  },
  patienceMs,
);
