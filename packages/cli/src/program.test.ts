import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import { type HaversackClient, parseDigest, type Submission } from "@haversack/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { runProgram } from "./program.ts";
import {
  away,
  fakeClient,
  fakeEvents,
  fakePiece,
  fakeRun,
  fakeStep,
  unknownRun,
} from "./testing/fake-client.ts";
import { fakeOutside } from "./testing/fake-outside.ts";

const url = "http://127.0.0.1:7420";
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haversack-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function haversack(argv: string, client: Partial<HaversackClient> = {}, signal?: "interrupted") {
  const outside = fakeOutside({ env: { HAVERSACK_URL: url, HAVERSACK_TOKEN: "t" }, cwd: folder });
  if (signal !== undefined) outside.interrupt();
  const code = await runProgram(argv.split(" "), outside, () => fakeClient(client));
  return { code, ...outside.written };
}

async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

describe("haversack retry", () => {
  const asked: object[] = [];
  const client: Partial<HaversackClient> = {
    run: async (id) => fakeRun(id, { status: "failed" }),
    retry: async (request) => {
      asked.push(request);
      return { run: fakeRun("run-2", { status: "queued" }), existed: false };
    },
    watch: (_id, after) => each(fakeEvents("greet", "failed", "no").slice(after)),
    logs: () => each([]),
  };

  test("asks for what was said, and prints the id of the new run", async () => {
    asked.length = 0;
    const { code, out } = await haversack("retry run-1 --from greet --refresh-library", client);
    expect({ code, out }).toEqual({ code: exitCodes.ok, out: "run-2\n" });
    await haversack("retry run-1", client);
    expect(asked).toEqual([
      { runId: "run-1", fromStep: "greet", refreshLibrary: true, idempotencyKey: "id-1" },
      { runId: "run-1", refreshLibrary: false, idempotencyKey: "id-1" },
    ]);
  });

  test("with --follow it ends as the new run does", async () => {
    const { code } = await haversack("retry run-1 --follow", client);
    expect(code).toBe(exitCodes.runFailed);
  });
});

describe("haversack run", () => {
  const dag = "name: hello\nparams:\n  dir: {type: string, format: path, default: ..}\nsteps: []\n";
  const seen: Submission[] = [];
  const client: Partial<HaversackClient> = {
    submit: async (submission) => {
      seen.push(submission);
      return { run: fakeRun("run-1", { status: "queued" }), existed: false };
    },
    run: async () => fakeRun("run-1"),
    watch: (_id, after) => each(fakeEvents("greet", "succeeded").slice(after)),
    logs: () => each([fakePiece(1, "greet", "hello\n")]),
  };

  test("prints the id once the run is stored, and sends values as text", async () => {
    writeFileSync(join(folder, "hello.yaml"), dag);
    seen.length = 0;
    const { code, out } = await haversack("run hello.yaml -p n=1 -p dir=sub", client);
    expect({ code, out }).toEqual({ code: exitCodes.ok, out: "run-1\n" });
    expect(seen[0]).toMatchObject({
      dag,
      params: { n: "1", dir: join(folder, "sub") },
      idempotencyKey: "id-1",
    });
  });

  test("--follow tells the run line by line and ends with its status", async () => {
    writeFileSync(join(folder, "hello.yaml"), dag);
    const { code, out } = await haversack("run hello.yaml --follow", client);
    expect(code).toBe(exitCodes.ok);
    expect(out).toContain("[greet] hello\n");
    expect(out).toContain("step greet succeeded after 500ms\n");
    expect(out).toContain("✓ succeeded: hello in 2.5s");
    expect(out).toContain("npx haversack show run-1");
  });

  test("a failed run is exit code 1 and shows the failing step with its last lines", async () => {
    writeFileSync(join(folder, "hello.yaml"), dag);
    const failure = { code: "exit_code", message: "exit code 3" };
    const { code, out } = await haversack("run hello.yaml --follow", {
      ...client,
      watch: (_id, after) => each(fakeEvents("greet", "failed", "exit code 3").slice(after)),
      logs: () => each([fakePiece(1, "greet", "no such file\n")]),
      run: async () =>
        fakeRun("run-1", { status: "failed", failure, steps: [fakeStep("greet", "failed", { failure })] }),
    });
    expect(code).toBe(exitCodes.runFailed);
    expect(out.slice(out.indexOf("✗ failed"))).toMatch(
      /step greet: exit code 3 \(exit_code\)\n.*\n {4}no such file\n/,
    );
  });

  test("--follow --json is one object a line, the run last", async () => {
    writeFileSync(join(folder, "hello.yaml"), dag);
    const { out } = await haversack("run hello.yaml --follow --json", client);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(lines.map((line) => line.type).toSorted()).toEqual([
      "event",
      "event",
      "event",
      "event",
      "log",
      "run",
    ]);
    expect(lines.at(-1)).toMatchObject({ type: "run", id: "run-1", createdAt: "2026-01-31T09:14:00.000Z" });
  });

  test("a file that is not there is invalid input, found before anything is asked", async () => {
    const { code, err } = await haversack("run nothing.yaml");
    expect(code).toBe(exitCodes.invalid);
    expect(err).toContain("the DAG file cannot be read");
  });
});

describe("a run is named by", () => {
  const runs = [fakeRun("abc-2"), fakeRun("abc-1"), fakeRun("xyz-0")];
  const client: Partial<HaversackClient> = {
    run: async (id) => {
      const run = runs.find((each) => each.id === id);
      if (run === undefined) throw unknownRun();
      return run;
    },
    runs: async () => ({ runs, nextPageToken: "" }),
  };

  test.each([
    ["its id", "abc-1", "abc-1"],
    ["the beginning of its id", "xy", "xyz-0"],
    ["latest", "latest", "abc-2"],
  ])("%s", async (_how, name, id) => {
    const { out, code } = await haversack(`show ${name} --json`, client);
    expect(code).toBe(exitCodes.ok);
    expect(JSON.parse(out)).toMatchObject({ id, steps: [{ id: "greet", phase: "succeeded" }] });
  });

  test("nothing else: an ambiguous name lists the candidates, an unknown one is missing", async () => {
    const ambiguous = await haversack("show abc", client);
    expect([ambiguous.code, ambiguous.err]).toEqual([
      exitCodes.invalid,
      expect.stringContaining("abc-2, abc-1"),
    ]);
    expect((await haversack("show nope", client)).code).toBe(exitCodes.missing);
    expect((await haversack("show ../x", client)).code).toBe(exitCodes.invalid);
  });
});

describe("haversack logs", () => {
  const client: Partial<HaversackClient> = {
    run: async () => fakeRun("run-1"),
    logs: () => each([fakePiece(1, "greet", "a\u001b[31mred\u001b[0m\u001b]0;title\u0007 b\nend")]),
  };

  test("never lets a log move the cursor", async () => {
    const { out } = await haversack("logs run-1 greet", client);
    expect(out).toBe("ared\\x1b]0;title\\x07 b\nend\n");
  });

  test("--raw gives the bytes, --json objects", async () => {
    expect((await haversack("logs run-1 greet --raw", client)).out).toContain("\u001b[31mred");
    const json = (await haversack("logs run-1 --json", client)).out.trim().split("\n");
    expect(JSON.parse(json[1] ?? "")).toEqual({ step: "greet", attempt: 1, stream: "stdout", text: "end" });
  });

  test("knows the steps of the run", async () => {
    const { code, err } = await haversack("logs run-1 gret", client);
    expect([code, err]).toEqual([exitCodes.missing, expect.stringContaining("it has greet")]);
  });
});

describe("the other commands", () => {
  test("cancel says what became of the run", async () => {
    const run = async () => fakeRun("run-1", { status: "running" });
    const { out } = await haversack("cancel run-1", { run, cancel: run });
    expect(out).toBe("run run-1 is being cancelled\n");
  });

  test("runs follows the pages up to its limit", async () => {
    const asked: unknown[] = [];
    const { out } = await haversack("runs -n 3 --status failed --json", {
      runs: async (filter) => {
        asked.push(filter);
        return { runs: [fakeRun("a"), fakeRun("b")].slice(0, filter.pageSize), nextPageToken: "next" };
      },
    });
    expect((JSON.parse(out) as { runs: unknown[] }).runs).toHaveLength(3);
    expect(asked).toEqual([
      { pageSize: 3, pageToken: "", status: "failed" },
      { pageSize: 1, pageToken: "next", status: "failed" },
    ]);
  });

  test("validate prints every problem and answers 2", async () => {
    writeFileSync(join(folder, "bad.yaml"), "name: bad");
    const problem = {
      file: "bad.yaml",
      line: 3,
      column: 5,
      field: "steps[0].runn",
      code: "unknown_key",
      message: "no",
    };
    const { code, err } = await haversack("validate bad.yaml", { validate: async () => [problem] });
    expect([code, err]).toEqual([exitCodes.invalid, "bad.yaml:3:5: steps[0].runn: no\n"]);
  });

  test("workers prints labels as an object", async () => {
    const worker = {
      id: "w1",
      name: "one",
      connected: true,
      version: "0",
      slots: 2,
      slotsUsed: 1,
      lastSeenAt: 0,
    };
    const labels = new Map([["os", "linux"]]);
    const { out } = await haversack("workers --json", {
      workers: async () => [{ ...worker, labels } as never],
    });
    expect(JSON.parse(out)).toMatchObject({
      workers: [{ labels: { os: "linux" }, lastSeenAt: "1970-01-01T00:00:00.000Z" }],
    });
  });

  test("artifact writes a whole file or none", async () => {
    const digest = parseDigest(`sha256:${createHash("sha256").update("half").digest("hex")}`);
    const artifacts = [{ path: "R.md", digest, size: 4, executable: false }];
    const run = async () => fakeRun("run-1", { steps: [fakeStep("report", "succeeded", { artifacts })] });
    const asked: (number | undefined)[] = [];
    const serving = (text: string, error?: Error) =>
      async function* ({ offset }: { readonly offset?: number }) {
        asked.push(offset);
        yield Buffer.from(text.slice(offset, asked.length === 1 ? 2 : undefined));
        if (error !== undefined && asked.length === 1) throw error;
      };
    const get = "artifact run-1 report R.md -o out/R.md";
    const gone = serving("half", new FaultError("missing", "unknown_blob", "it is gone"));
    expect((await haversack(get, { run, artifact: gone })).code).toBe(exitCodes.missing);
    const other = await haversack(get, { run, artifact: serving("fake") });
    expect(other.err).toContain("its checksum is another one");
    expect(existsSync(join(folder, "out/R.md"))).toBe(false);
    expect((await haversack(get, { run, artifact: serving("half") })).code).toBe(0);
    expect(readFileSync(join(folder, "out/R.md"), "utf8")).toBe("half");
    const unknown = await haversack("artifact run-1 report X", { run });
    expect([unknown.code, unknown.err]).toEqual([exitCodes.missing, expect.stringContaining("report R.md")]);
  });
});

describe("exit codes", () => {
  test.each([
    ["invalid", exitCodes.invalid],
    ["missing", exitCodes.missing],
    ["denied", exitCodes.denied],
    ["busy", exitCodes.unreachable],
    ["unavailable", exitCodes.unreachable],
    ["bug", exitCodes.bug],
  ] as const)("a fault of kind %s is %i", async (fault, code) => {
    const workers = async () => Promise.reject(new FaultError(fault, "x", "words"));
    expect(await haversack("workers", { workers })).toMatchObject({
      code,
      err: expect.stringContaining("words"),
    });
  });

  test("an interrupt is 130 and says nothing", async () => {
    const workers = async () => Promise.reject(new FaultError("cancelled", "x", "words"));
    expect(await haversack("workers", { workers }, "interrupted")).toEqual({ code: 130, out: "", err: "" });
  });

  test("usage is 2, help is 0", async () => {
    expect((await haversack("shwo")).err).toContain("Did you mean show?");
    expect((await haversack("shwo")).code).toBe(exitCodes.invalid);
    expect((await haversack("run")).code).toBe(exitCodes.invalid);
    expect((await haversack("run x -p y")).code).toBe(exitCodes.invalid);
    expect((await haversack("run --help")).code).toBe(exitCodes.ok);
  });

  test("an unreachable coordinator is named", async () => {
    const workers = async () => Promise.reject(away());
    expect((await haversack("workers", { workers })).err).toContain(url);
  });
});

test("every command explains itself with an example", async () => {
  const { out } = await haversack("--help");
  const names = [...out.matchAll(/^ {2}([a-z]+) /gm)]
    .map(([, name]) => name)
    .filter((name) => name !== "help");
  expect(names).toEqual(expect.arrayContaining(["retry", "memory", "agents"]));
  /** Their verbs have the examples. */
  const verbs = new Map([
    ["snapshot", "inspect"],
    ["agents", "validate"],
  ]);
  for (const name of names) {
    const help = (await haversack(`${name} ${verbs.get(name ?? "") ?? ""} --help`.replace("  ", " "))).out;
    expect({ name, help }).toEqual({ name, help: expect.stringMatching(/\n {2}\$ (haversack|npm) /) });
  }
});
