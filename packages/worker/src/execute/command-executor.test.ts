import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@haversack/base";
import { parseGeneration, parseRunId, parseStepId, parseWorkerId, type Task } from "@haversack/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { makeMasker } from "../mask/masker.ts";
import { CommandExecutor } from "./command-executor.ts";
import { type AttemptContext, type AttemptLog, StopRequest, type WorkEnd } from "./executor.ts";
import { openStepHost } from "./step-host.ts";

const folders: string[] = [];
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const host = openStepHost({ ending: "auto", workerId: randomUUID(), path: process.env["PATH"] ?? "" }, ports);
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

class LogToMemory implements AttemptLog {
  readonly streams = { stdout: "", stderr: "", system: "" };
  readonly notes: string[] = [];
  /** Called with all of stdout so far. */
  onStdout: (all: string) => void = () => {};

  async write(stream: "stdout" | "stderr" | "system", data: Uint8Array): Promise<void> {
    this.streams[stream] += Buffer.from(data).toString();
    if (stream === "stdout") this.onStdout(this.streams.stdout);
  }
  note(text: string): void {
    this.notes.push(text);
  }
}

interface Setup {
  readonly script: string;
  readonly shell?: readonly string[];
  readonly workdir?: string;
  readonly env?: readonly (readonly [string, string])[];
  readonly outputs?: readonly string[];
  readonly timeoutMs?: number;
  /** Values that are masked. */
  readonly secrets?: readonly string[];
  /** Stops the step when it first prints. */
  readonly stop?: StopRequest;
}

async function run(setup: Setup): Promise<{ end: WorkEnd; log: LogToMemory; work: string }> {
  const base = await mkdtemp(join(tmpdir(), "command-"));
  folders.push(base);
  const [work, control] = [join(base, "work"), join(base, "control")];
  await mkdir(work);
  await mkdir(control);
  await mkdir(join(work, "inner"));
  await writeFile(join(work, "file"), "");
  const log = new LogToMemory();
  const stopping = new AbortController();
  log.onStdout = () => setup.stop && stopping.abort(setup.stop);
  const env = new Map(setup.env ?? []);
  const masker = makeMasker(setup.secrets ?? []);
  const context: AttemptContext = {
    folders: { work, control },
    log,
    env,
    masker,
    secret: async () => undefined,
  };
  const executor = new CommandExecutor({
    ports,
    hostEnv: new Map([
      ["PATH", process.env["PATH"] ?? ""],
      ["LC_ALL", "C"],
      ["MODEL_KEY", "canary"],
    ]),
    workerId: parseWorkerId("w1"),
    host: await host,
  });
  const end = await executor.execute(taskOf(setup), context, stopping.signal);
  return { end, log, work };
}

function taskOf(setup: Setup): Task {
  return {
    ref: {
      runId: parseRunId("r1"),
      stepId: parseStepId("s1"),
      generation: parseGeneration("g1"),
      attempt: 1,
    },
    dagName: "d",
    env: new Map(),
    inputs: [],
    artifacts: [],
    outputs: setup.outputs ?? [],
    ...(setup.timeoutMs !== undefined && { timeoutMs: setup.timeoutMs }),
    work: {
      kind: "run",
      script: setup.script,
      shell: setup.shell ?? ["bash", "-euo", "pipefail"],
      workdir: setup.workdir ?? ".",
    },
  };
}

describe("a command that ends by itself", () => {
  test("succeeds with its outputs", async () => {
    const { end, log } = await run({
      script: 'echo hello; echo "n=3" >> "$HAVERSACK_OUTPUT"; echo aside >&2',
      outputs: ["n"],
    });
    expect(end).toEqual({ outcome: "succeeded", exitCode: 0, outputs: new Map([["n", "3"]]) });
    expect(log.streams).toEqual({ stdout: "hello\n", stderr: "aside\n", system: "" });
  });

  const failures: [string, Setup, { code: string; message: RegExp; exitCode?: number }][] = [
    [
      "an exit code, with the last words",
      { script: "printf '\\033[31mfatal: not a git repository\\033[0m\\n\\n' >&2; exit 3" },
      { code: "exit_code", message: /^exit code 3: fatal: not a git repository$/, exitCode: 3 },
    ],
    [
      "an exit code in silence",
      { script: "exit 4" },
      { code: "exit_code", message: /^exit code 4$/, exitCode: 4 },
    ],
    [
      "a signal",
      { script: "kill -SEGV $$" },
      { code: "killed", message: /^killed by SIGSEGV/, exitCode: 139 },
    ],
    [
      "a missing shell",
      { script: "", shell: ["no-such-shell"] },
      { code: "not_started", message: /not installed/ },
    ],
    [
      "a missing output",
      { script: "true", outputs: ["a", "b"] },
      { code: "output_missing", message: /outputs "a", "b"/, exitCode: 0 },
    ],
    [
      "a bad output file",
      { script: "echo huh > $HAVERSACK_OUTPUT" },
      { code: "output_invalid", message: /line 1/ },
    ],
    [
      "an output file that is a pipe",
      { script: "rm $HAVERSACK_OUTPUT; mkfifo $HAVERSACK_OUTPUT" },
      { code: "output_invalid", message: /regular file/ },
    ],
    [
      "a work folder that is not there",
      { script: "", workdir: "gone" },
      { code: "bad_workdir", message: /"gone"/ },
    ],
    [
      "a work folder that is a file",
      { script: "", workdir: "file" },
      { code: "bad_workdir", message: /"file"/ },
    ],
    ["a work folder outside", { script: "", workdir: "../.." }, { code: "bad_path", message: /\.\./ }],
    [
      "LD_PRELOAD",
      { script: "", env: [["LD_PRELOAD", "x"]] },
      { code: "bad_environment", message: /LD_PRELOAD/ },
    ],
    ["BASH_ENV", { script: "", env: [["BASH_ENV", "x"]] }, { code: "bad_environment", message: /BASH_ENV/ }],
    [
      "NODE_OPTIONS",
      { script: "", env: [["NODE_OPTIONS", "x"]] },
      { code: "bad_environment", message: /NODE_OPTIONS/ },
    ],
    [
      "a name with =",
      { script: "", env: [["A=B", "x"]] },
      { code: "bad_environment", message: /must match/ },
    ],
    ["NUL in a value", { script: "", env: [["A", "x\0y"]] }, { code: "bad_environment", message: /NUL/ }],
    [
      "a value too large",
      { script: "", env: [["A", "x".repeat(65_537)]] },
      { code: "environment_too_large", message: /file/ },
    ],
  ];
  test.each(failures)("fails with %s", async (_name, setup, expected) => {
    const { end } = await run(setup);
    expect(end.outcome).toBe("failed");
    expect(end.failure?.code).toBe(expected.code);
    expect(end.failure?.message).toMatch(expected.message);
    if (expected.exitCode !== undefined) expect(end.exitCode).toBe(expected.exitCode);
  });

  test("sees an allow-list of the worker's environment, and its own", async () => {
    const { log } = await run({
      script: "env | cut -d= -f1 | sort | tr '\\n' ' '; cat",
      env: [["GREETING", "hi"]],
    });
    expect(
      log.streams.stdout.split(" ").filter((name) => !["_", "PWD", "SHLVL", "OLDPWD", ""].includes(name)),
    ).toEqual(["GREETING", "HAVERSACK_FENCE", "HAVERSACK_OUTPUT", "HAVERSACK_WORKER_ID", "LC_ALL", "PATH"]);
  });

  test("starts in its workdir and never runs what a value says", async () => {
    const { log } = await run({
      script: 'basename "$PWD"; printf "%s\\n" "$TITLE"',
      workdir: "./inner/",
      env: [["TITLE", "$(touch pwned) `id`\n-e ; exit"]],
    });
    expect(log.streams.stdout).toBe("inner\n$(touch pwned) `id`\n-e ; exit\n");
  });

  test("what it left in the background is ended, and what that printed is kept", async () => {
    const { end, log } = await run({
      script: "( echo child; sleep 600 ) & while ! jobs -r | grep -q .; do :; done; sleep 0.1",
    });
    expect(end.outcome).toBe("succeeded");
    expect(log.streams.stdout).toBe("child\n");
  });

  test("secrets are masked where it prints them in pieces, and in its last words", async () => {
    const { end, log } = await run({
      secrets: ["c4nary-value"],
      script:
        "for p in a: c4n ary- va lue b; do printf %s $p; sleep 0.02; done; echo c4nary-value! >&2; exit 3",
    });
    expect(log.streams).toMatchObject({ stdout: "a:[secret]b", stderr: "[secret]!\n" });
    expect(end.failure?.message).toBe("exit code 3: [secret]!");
  });

  test("a flood arrives whole", async () => {
    const { log } = await run({ script: "head -c 3000000 /dev/zero | tr '\\0' x" });
    expect(log.streams.stdout.length).toBe(3_000_000);
  });
});

describe("a command that is stopped", () => {
  const script = "trap '' TERM; echo ready; while :; do sleep 0.02; done";
  test.each([
    ["cancelled", "cancelled", "cancelled", /cancelled/],
    ["timeout", "failed", "timeout", /time limit of 1\.5s/],
    ["lease-lost", "cancelled", "lease_lost", /lease/],
    ["shutdown", "returned", "worker_stopped", /worker/],
  ] as const)("%s", async (why, outcome, code, message) => {
    const { end } = await run({ script, timeoutMs: 1500, stop: new StopRequest(why, 30) });
    expect(end.outcome).toBe(outcome);
    expect(end.failure?.code).toBe(code);
    expect(end.failure?.message).toMatch(message);
  });
});
