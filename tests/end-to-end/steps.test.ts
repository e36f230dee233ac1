/** Steps as their authors know them: cancel, time limit, retry, outputs, artifacts, placement, drain. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { platform } from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fleet, haversack, noSignal } from "../support/fleet.ts";
import { processesWith } from "../support/linux-processes.ts";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start();
  await fleet.startWorker("w", ["--label", "pool=small"]);
});

afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
});

const onLinux = test.skipIf(platform !== "linux");

const cli = (...args: string[]) => haversack([...args, "--data", fleet.data]);

describe("retrying a run", () => {
  test("does again what failed, with the artifacts of what had succeeded, which runs once", async () => {
    const trace = join(fleet.folder, "run-retry-trace");
    const run = await fleet.submit(`
name: second-try
steps:
  - id: make
    run: |
      echo made >> ${trace}
      echo content > made.txt
    artifacts: [made.txt]
  - id: use
    depends: [make]
    inputs: [made.txt]
    run: |
      grep -q content made.txt
      test -e ${trace}.allowed
`);
    expect((await fleet.finished(run.id)).run.status).toBe("failed");
    await writeFile(`${trace}.allowed`, "");
    const { code, stdout } = await cli("retry", run.id, "--follow");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("succeeded") });
    expect(await readFile(trace, "utf8")).toBe("made\n");
    const shown = await cli("show", "latest");
    expect(shown.stdout).toContain(`retry of   ${run.id}`);
    const twice = await cli("retry", "latest");
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining("name the step to start from") });
  });
});

describe("ending a step", () => {
  onLinux("a cancel leaves no process, not even one that ignores SIGTERM or left the group", async () => {
    const run = await fleet.submit(`
name: stubborn
steps:
  - id: stubborn
    run: |
      trap '' TERM
      setsid bash -c 'trap "" TERM; while true; do sleep 0.2; done' &
      (trap '' TERM; while true; do sleep 0.2; done) &
      echo ready
      while true; do sleep 0.2; done
  - id: never
    depends: [stubborn]
    run: echo never
`);
    await logLine(run.id, "stubborn", "ready");
    expect(processesWith(`${run.id}/stubborn`).length).toBeGreaterThan(2);
    await (await fleet.client()).cancel(run.id, noSignal);
    const { run: ended } = await fleet.finished(run.id);
    expect(ended.status).toBe("cancelled");
    expect(ended.steps.map(({ phase }) => phase)).toEqual(["cancelled", "cancelled"]);
    expect(processesWith(`${run.id}/stubborn`)).toEqual([]);
  });

  onLinux("a step over its time limit fails with the limit named, and leaves no process", async () => {
    const run = await fleet.submit(`
name: slow
steps:
  - { id: slow, run: "sleep 600 & sleep 600", timeout: 300ms }
`);
    const { run: ended } = await fleet.finished(run.id);
    expect(ended.failure).toEqual({
      code: "timeout",
      message: "step slow: ran longer than its time limit of 300ms",
    });
    expect(processesWith(`${run.id}/slow`)).toEqual([]);
  });
});

describe("a failing step", () => {
  test("says its exit code and its last words, and blocks what depends on it", async () => {
    const run = await fleet.submit(`
name: failing
steps:
  - { id: bad, run: "echo first >&2; echo no such thing >&2; exit 3" }
  - { id: behind, depends: [bad], run: "echo behind" }
  - { id: beside, run: "echo beside" }
`);
    const { run: ended } = await fleet.finished(run.id);
    expect(ended.failure).toEqual({ code: "exit_code", message: "step bad: exit code 3: no such thing" });
    expect(ended.steps.map(({ phase }) => phase)).toEqual(["failed", "blocked", "succeeded"]);
  });

  test("is looked at by the `if` of others and by handlers, which say why; the run has failed all the same", async () => {
    const trace = join(fleet.folder, "handler-trace");
    const run = await fleet.submit(`
name: outcomes
steps:
  - { id: count, run: 'echo "count=12" >> "$HAVERSACK_OUTPUT"', outputs: [count] }
  - { id: many, depends: [count], if: steps.count.outputs.count > 9, run: exit 3 }
  - { id: few, depends: [count], if: steps.count.outputs.count <= 9, run: exit 4 }
  - { id: lint, depends: [few], continueOnError: true, run: exit 5 }
  - { id: rescue, depends: [many], if: failure(), run: "true" }
  - { id: behind, depends: [many], run: "true" }
onSuccess:
  - { id: cheer, run: "true" }
onFailure:
  - id: tell
    run: echo "$STATUS $COUNT $WHY" >> ${trace}
    env:
      STATUS: "\${{ run.status }}"
      COUNT: "\${{ steps.count.outputs.count }}"
      WHY: "\${{ run.error }}"
onExit:
  - { id: tidy, run: echo tidied >> ${trace} }
`);
    const { run: ended } = await fleet.finished(run.id);
    expect(ended.steps.map(({ id, phase }) => `${id}=${phase}`).join(" ")).toBe(
      "count=succeeded many=failed few=skipped lint=failed rescue=succeeded behind=blocked " +
        "cheer=skipped tell=succeeded tidy=succeeded",
    );
    expect([ended.status, ended.failure?.message]).toEqual(["failed", "step many: exit code 3"]);
    expect(await readFile(trace, "utf8")).toBe("failed 12 step many: exit code 3\ntidied\n");
    const { stdout } = await cli("show", run.id);
    expect(stdout).toMatch(/few +run +skipped .*if steps\.count\.outputs\.count <= 9/);
  });

  test("is tried again as often as it asks, for the exit codes that it names", async () => {
    const trace = join(fleet.folder, "retry-trace");
    const dag = (codes: string): string => `
name: again
params: { trace: { type: string, required: true } }
steps:
  - id: flaky
    run: |
      echo x >> "$PARAM_trace"
      if [ "$(wc -l < "$PARAM_trace")" -lt 3 ]; then exit 75; fi
      echo "made it"
    retry: { limit: 3, delay: 10ms, exitCodes: ${codes} }
`;
    const good = await fleet.submit(dag("[75]"), { trace });
    const { run } = await fleet.finished(good.id);
    expect(run.steps[0]).toMatchObject({ phase: "succeeded", attempt: 3 });
    await writeFile(trace, "");
    const bad = await fleet.submit(dag("[1]"), { trace });
    expect((await fleet.finished(bad.id)).run.steps[0]).toMatchObject({
      phase: "failed",
      attempt: 1,
      exitCode: 75,
    });
  });

  test("a promised output or artifact that never came fails the step by name", async () => {
    const run = await fleet.submit(`
name: promises
steps:
  - { id: output, run: "true", outputs: [total] }
  - { id: artifact, run: "true", artifacts: ["out/*.txt"] }
`);
    const { run: ended } = await fleet.finished(run.id);
    expect(ended.steps[0]?.failure).toMatchObject({ code: "output_missing" });
    expect(ended.steps[1]?.failure?.message).toContain("out/*.txt");
  });
});

describe("data between steps", () => {
  test("outputs, artifacts and parameters arrive; hostile text stays text", async () => {
    const hostile = "$(touch /tmp/pwned) `id` \"; exit 9; ' \n \u0024{{ params.x }}";
    const run = await fleet.submit(
      `
name: data
params: { text: { type: string } }
steps:
  - id: make
    run: |
      mkdir -p "out dir"
      printf '%s' "$TEXT" > "out dir/text.txt"
      printf '#!/bin/sh\\necho tool\\n' > tool.sh
      chmod +x tool.sh
      { echo 'text<<END'; printf '%s\\n' "$TEXT"; echo END; } >> "$HAVERSACK_OUTPUT"
    env: { TEXT: "\${{ params.text }}" }
    outputs: [text]
    artifacts: ["out dir/*", tool.sh]
  - id: use
    depends: [make]
    inputs: ["out dir/text.txt", tool.sh]
    run: |
      ./tool.sh
      cmp "out dir/text.txt" <(printf '%s' "$TEXT") && echo same file
      [ "$TEXT" = "$PARAM_text" ] && echo same output
    env: { TEXT: "\${{ steps.make.outputs.text }}" }
`,
      { text: hostile },
    );
    const { run: ended } = await fleet.finished(run.id);
    expect(ended.failure).toBeUndefined();
    expect(await fleet.log(run.id, "use")).toBe("tool\nsame file\nsame output\n");
  });

  test("a log of many chunks is whole and in order", async () => {
    const run = await fleet.submit(`
name: flood
steps:
  - { id: flood, run: "seq 1 200000" }
`);
    await fleet.finished(run.id);
    const expected = Array.from({ length: 200_000 }, (_, index) => `${index + 1}\n`).join("");
    expect((await fleet.log(run.id, "flood")) === expected).toBe(true);
  });
});

describe("placement", () => {
  test("a step that no worker fits says what it waits for, and starts when one comes", async () => {
    const run = await fleet.submit(`
name: picky
params: { pool: { type: string, default: gpu } }
steps:
  - { id: picky, run: "echo here", worker: { pool: "\${{ params.pool }}" } }
`);
    const waiting = await (await fleet.client()).run(run.id, noSignal);
    expect(waiting.steps[0]).toMatchObject({
      phase: "ready",
      waitingFor: expect.stringContaining("no connected worker has pool=gpu") as string,
    });
    const worker = await fleet.startWorker("gpu", ["--label", "pool=gpu"]);
    const { run: ended } = await fleet.finished(run.id);
    expect(ended.steps[0]).toMatchObject({ phase: "succeeded", workerName: "gpu" });
    expect((await worker.kill("SIGTERM")).code).toBe(0);
  });

  test("a worker that is asked to stop finishes what it runs and takes nothing new", async () => {
    const worker = await fleet.startWorker("leaving", ["--label", "pool=leaving"]);
    const gate = join(fleet.folder, "drain-gate");
    const run = await fleet.submit(
      `
name: draining
params: { gate: { type: string } }
steps:
  - { id: last, run: "echo in; while [ ! -e \\"$PARAM_gate\\" ]; do sleep 0.05; done; echo out", worker: { pool: leaving } }
  - { id: next, depends: [last], run: "echo next" }
`,
      { gate },
    );
    await logLine(run.id, "last", "in");
    worker.child.kill("SIGTERM");
    await writeFile(gate, "");
    expect((await worker.ended).code).toBe(0);
    const { run: ended } = await fleet.finished(run.id);
    expect(ended.status).toBe("succeeded");
    expect(ended.steps.map(({ workerName, attempt }) => [workerName, attempt])).toEqual([
      ["leaving", 1],
      ["w", 1],
    ]);
  });
});

/** Resolves when the step has printed the line. */
async function logLine(runId: string, stepId: string, line: string): Promise<void> {
  let text = "";
  for await (const piece of (await fleet.client()).logs({ runId, stepId, follow: true }, noSignal)) {
    text += Buffer.from(piece.data).toString("utf8");
    if (text.split("\n").includes(line)) return;
  }
  throw new Error(`step ${stepId} ended without ${line}; it printed ${text}`);
}
