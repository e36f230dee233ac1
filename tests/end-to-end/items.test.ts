/** Steps with items, on real workers. */

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { platform } from "node:process";
import type { RunId, Step } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acceptedCounts, Fleet, haversack, noSignal, repositoryRoot } from "../support/fleet.ts";
import { processesWith } from "../support/linux-processes.ts";
import { tempSchema, withPostgres } from "../support/postgres.ts";

const onLinux = test.skipIf(platform !== "linux");
const open = "$" + "{{";

async function itemsOf(fleet: Fleet, runId: RunId, stepId: string): Promise<Step[]> {
  const client = await fleet.client();
  const items: Step[] = [];
  let pageToken = "";
  do {
    const page = await client.items({ runId, stepId, pageToken }, noSignal);
    items.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return items;
}

describe("items", () => {
  let fleet: Fleet;
  const cli = (...args: string[]) => haversack([...args, "--data", fleet.data]);

  beforeAll(async () => {
    fleet = await Fleet.start();
    await fleet.startWorker("w", ["--label", "pool=small"]);
  });
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]();
  });

  test("the example counts the words of each line, and adds them up", async () => {
    const file = join(repositoryRoot, "examples/dags/each-line.yaml");
    const { code, stdout } = await cli("run", file, "-p", "text=a b c\n\nd e\nf", "--follow");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("✓ succeeded: each-line") });
    expect(stdout).toContain("[count.0] line 1 has 3 words\n");
    expect(stdout).toMatch(/^step count\.\d succeeded \(4\/4\)$/m);
    expect(stdout).toContain('[total] words of each line: ["3","0","2","1"]\n[total] together: 6\n');
    const [group] = (await cli("show", "latest", "count")).stdout
      .split("\n")
      .filter((line) => /^count\b/.test(line));
    expect(group).toMatch(/^count +run +succeeded .*4\/4$/);
    expect((await cli("logs", "latest", "count.2")).stdout).toBe("line 3 has 2 words\n");
    expect((await cli("artifact", "latest", "count.0", "words.txt")).stdout).toBe("3\n");
    expect((await cli("artifact", "latest", "count.9", "words.txt")).stderr).toContain("count has 4 items");
  });

  test("are told apart in env, in an id of their own, and by the labels of their workers", async () => {
    const run = await fleet.submit(`
name: matrix
steps:
  - id: test
    matrix: { pool: [small, none], n: [1, 2], exclude: [{ pool: none, n: 2 }] }
    worker: { pool: "${open} matrix.pool }}" }
    run: echo "$HAVERSACK_STEP_ID $N of $POOL at $AT $HAVERSACK_IDEMPOTENCY_KEY"
    env: { N: "${open} matrix.n }}", POOL: "${open} matrix.pool }}", AT: "${open} index }}" }
`);
    await fleet.step(run.id, "test.1", "succeeded");
    expect(await fleet.log(run.id, "test.1")).toBe(`test.1 2 of small at 1 ${run.id}/test.1\n`);
    // Asked for more than once: the dispatcher may be between two rounds.
    await expect
      .poll(async () => (await (await fleet.client()).run(run.id, noSignal)).steps[0]?.waitingFor)
      .toBe("no connected worker has label pool=none");
    expect((await cli("show", run.id)).stdout).toContain("2/3; no connected worker has label pool=none");
    const [waiting] = await itemsOf(fleet, run.id, "test.2");
    expect(waiting?.waitingFor).toBe("no connected worker has label pool=none");
    await (await fleet.client()).cancel(run.id, noSignal);
    expect((await fleet.finished(run.id)).run.steps[0]?.phase).toBe("cancelled");
  });

  onLinux("the first that fails ends those that run at once, and those that wait never begin", async () => {
    const trace = join(fleet.folder, "trace");
    await mkdir(trace);
    const run = await fleet.submit(`
name: fast
steps:
  - id: try
    foreach: [slow, bad, slow, slow]
    maxParallel: 2
    run: |
      echo "$KIND" > ${trace}/$HAVERSACK_STEP_ID
      if [ "$KIND" = slow ]; then echo waits; sleep 600; fi
      while [ ! -e ${trace}/try.0 ]; do sleep 0.05; done
      echo no such thing >&2
      exit 3
    env: { KIND: "${open} item }}" }
`);
    const { run: ended } = await fleet.finished(run.id);
    expect(ended.failure).toEqual({
      code: "exit_code",
      message: "step try: item 1: exit code 3: no such thing (1 of 4 items failed, 3 were cancelled)",
    });
    expect((await itemsOf(fleet, run.id, "try")).map(({ phase }) => phase)).toEqual([
      "cancelled",
      "failed",
      "cancelled",
      "cancelled",
    ]);
    expect((await readdir(trace)).toSorted()).toEqual(["try.0", "try.1"]);
    expect(processesWith(`${run.id}/try.0`)).toEqual([]);
    const { code, stdout } = await cli("show", run.id, "--items");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^try +run +failed[^]*^try\.1 +run +failed/m);
  });

  test("a retry of the run does the one that failed, and hands on what the others made", async () => {
    const gate = join(fleet.folder, "retry-gate");
    const trace = join(fleet.folder, "retry-trace");
    const run = await fleet.submit(`
name: again
steps:
  - id: make
    foreach: [a, b, c]
    failFast: false
    run: |
      echo "$X" >> ${trace}
      if [ "$X" = b ]; then test -e ${gate}; fi
      echo "$X" > made.txt
      echo "x=$X" >> "$HAVERSACK_OUTPUT"
    env: { X: "${open} item }}" }
    outputs: [x]
    artifacts: [made.txt]
  - id: use
    depends: [make]
    inputs: ["make/*/made.txt"]
    run: echo "$ALL" && cat make/*/made.txt
    env: { ALL: "${open} steps.make.outputs.x }}" }
`);
    expect((await fleet.finished(run.id)).run.status).toBe("failed");
    await writeFile(gate, "");
    const { code, stdout } = await cli("retry", run.id, "--follow");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("✓ succeeded: again") });
    expect((await cli("logs", "latest", "use")).stdout).toBe('["a","b","c"]\na\nb\nc\n');
    expect((await readFile(trace, "utf8")).trim().split("\n").toSorted()).toEqual(["a", "b", "b", "c"]);
    expect((await cli("retry", "latest", "--from", "make.2", "--follow")).code).toBe(0);
    expect((await readFile(trace, "utf8")).trim().split("\n").toSorted()).toEqual(["a", "b", "b", "c", "c"]);
  });
});

withPostgres("items on PostgreSQL, end to end", () => {
  test("two coordinators share them while one is killed; a failure ends those that run with the other", async () => {
    await using schema = await tempSchema();
    const options = { leaseTtl: "3s", env: { HAVERSACK_STORE: schema.url } };
    await using stays = await Fleet.start(options);
    await using dies = await Fleet.start(options);
    await stays.startWorker("steady");
    await dies.startWorker("shaken");
    const run = await stays.submit(`
name: shared
steps:
  - { id: each, foreach: ${JSON.stringify(Array(60).fill("x"))}, run: sleep 0.1 }
  - id: last
    depends: [each]
    foreach: [a, b, c, d, e, bad]
    run: if [ "$X" = bad ]; then exit 3; else sleep 600; fi
    env: { X: "${open} item }}" }
`);
    await stays.step(run.id, "each.20", "succeeded");
    await dies.killCoordinator();
    await dies.startCoordinator();
    const { run: ended, events } = await stays.finished(run.id);
    expect(ended.steps.map(({ phase }) => phase)).toEqual(["succeeded", "failed"]);
    expect(ended.failure?.message).toMatch(
      /^step last: item 5: exit code 3 \(1 of 6 items failed, 5 were cancelled\)$/,
    );
    const counts = acceptedCounts(events);
    expect(counts.size).toBe(61);
    expect(new Set(counts.values())).toEqual(new Set([1]));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  });
});

test("a thousand items, and the coordinator is killed in the middle: none is lost, none counts twice", async () => {
  await using fleet = await Fleet.start();
  await fleet.startWorker("w", ["--slots", "8"]);
  const run = await fleet.submit(`
name: thousand
steps:
  - id: scan
    run: echo "all=[$(seq 1000 | paste -sd, -)]" >> "$HAVERSACK_OUTPUT"
    outputs: [all]
  - id: each
    depends: [scan]
    foreach: ${open} steps.scan.outputs.all }}
    maxParallel: 50
    run: echo "n=$N" >> "$HAVERSACK_OUTPUT"
    shell: [sh]
    env: { N: "${open} item }}" }
    outputs: [n]
  - id: sum
    depends: [each]
    run: echo "$ALL"
    env: { ALL: "${open} steps.each.outputs.n }}" }
`);
  for (const item of [200, 600]) {
    await fleet.step(run.id, `each.${item}`, "succeeded");
    await fleet.killCoordinator();
    await fleet.startCoordinator();
  }
  const { run: ended, events } = await fleet.finished(run.id);
  expect(ended.status).toBe("succeeded");
  const numbers = Array.from({ length: 1000 }, (_, index) => String(index + 1));
  expect(ended.steps[1]?.outputs).toEqual({ n: numbers });
  expect(await fleet.log(run.id, "sum")).toBe(`${JSON.stringify(numbers)}\n`);
  const counts = acceptedCounts(events);
  expect(counts.size).toBe(1003);
  expect(new Set(counts.values())).toEqual(new Set([1]));
  // Never more at once than were allowed.
  const active = new Set<string>();
  for (const { change } of events) {
    if (change.kind !== "step" || !change.stepId.startsWith("each.")) continue;
    if (change.phase === "ready") active.add(change.stepId);
    if (change.phase === "succeeded") active.delete(change.stepId);
    expect(active.size).toBeLessThanOrEqual(50);
  }
}, 240_000);
