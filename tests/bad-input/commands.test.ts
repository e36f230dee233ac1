/** Wrong input at the command line: a clear message, an exit code that scripts can use, and nothing half-done. */

import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { getuid, platform } from "node:process";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fleet, haversack, noSignal } from "../support/fleet.ts";
import { tempFolder } from "../support/temp-folder.ts";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start();
});

afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
});

const exit = { invalid: 2, unreachable: 3, missing: 4, denied: 5, environment: 7 } as const;

describe("a DAG file that is wrong", () => {
  const cases: readonly (readonly [name: string, dag: string, message: RegExp])[] = [
    ["is no YAML", "name: [x", /dag\.yaml:1:\d+: is not YAML that can be read/],
    [
      "has an unknown key",
      step("rum: echo"),
      /dag\.yaml:4:5: steps\[0\]\.rum: unknown key "rum"; did you mean "run"\?/,
    ],
    [
      "has a cycle",
      "name: x\nsteps:\n  - { id: a, run: a, depends: [b] }\n  - { id: b, run: b, depends: [a] }",
      /a → b → a/,
    ],
    [
      "depends on a step that is not there",
      step("run: a\n    depends: [made]"),
      /:5:15: .*unknown step "made"/,
    ],
    [
      "has two steps of one name",
      "name: x\nsteps:\n  - { id: a, run: a }\n  - { id: a, run: b }",
      /a second step "a"/,
    ],
    [
      "pastes an expression into a shell",
      step('run: "echo ${{ params.x }}"'),
      /expressions are not allowed in shell text/,
    ],
    [
      "names an unknown parameter",
      step('run: a\n    env: { A: "${{ params.x }}" }'),
      /unknown parameter "x"/,
    ],
    [
      "asks for an unknown profile",
      step("agent: { use: repo-analist, prompt: hi }"),
      /unknown_profile|did you mean "repo-analyst"/,
    ],
    [
      "asks for an unknown skill",
      step("agent: { use: repo-analyst, skills: [repo-raport], prompt: hi }"),
      /"repo-raport".*did you mean "repo-report"/,
    ],
    [
      "asks for an unknown soul",
      step("agent: { use: repo-analyst, soul: enginer, prompt: hi }"),
      /"enginer".*did you mean "engineer"/,
    ],
    [
      "asks for an unknown model",
      step("agent: { use: repo-analyst, model: openia, prompt: hi }"),
      /"openia".*did you mean "openai"/,
    ],
    ["has a step of two kinds", step("run: a\n    agent: { prompt: hi }"), /exactly one of run, agent/],
    ["has a duration that is none", step("run: a\n    timeout: soon"), /expected a duration such as/],
    [
      "has an artifact outside its folder",
      step("run: a\n    artifacts: [../secret]"),
      /bad_path|the segment "\.\."/,
    ],
  ];

  test.each(cases)("%s", async (_name, dag, message) => {
    await using folder = await tempFolder();
    const file = join(folder.path, "dag.yaml");
    await writeFile(file, dag);
    const before = await runCount();
    const run = await cli(["run", file]);
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(exit.invalid);
    expect(run.stdout).toBe("");
    const validate = await cli(["validate", file]);
    expect(`${validate.stdout}${validate.stderr}`).toMatch(message);
    expect(validate.code).toBe(exit.invalid);
    expect(await runCount()).toBe(before);
  });

  test("says all that is wrong at once", async () => {
    await using folder = await tempFolder();
    const file = join(folder.path, "dag.yaml");
    await writeFile(file, step('run: a\n    depends: [x, y]\n    env: { A: "${{ nope }}" }'));
    const { stderr } = await cli(["run", file]);
    expect(stderr).toMatch(/"x"[^]*"y"[^]*nope/);
  });

  test("parameters that are missing, unknown or of the wrong type are refused by name", async () => {
    await using folder = await tempFolder();
    const file = join(folder.path, "dag.yaml");
    await writeFile(
      file,
      `name: x\nparams: { n: { type: integer, minimum: 1, required: true } }\nsteps: [{ id: a, run: a }]`,
    );
    for (const [args, message] of [
      [[], /params\.n: is required/],
      [["-p", "n=many"], /params\.n: does not fit/],
      [["-p", "n=0"], /params\.n: does not fit/],
      [["-p", "n=1", "-p", "m=2"], /no parameter "m"; did you mean "n"/],
    ] as const) {
      const { stderr, code } = await cli(["run", file, ...args]);
      expect(stderr).toMatch(message);
      expect(code).toBe(exit.invalid);
    }
  });

  test("a file that is not there is named", async () => {
    const { stderr, code } = await cli(["run", "/no/such/file.yaml"]);
    expect(stderr).toContain("/no/such/file.yaml");
    expect(code).toBe(exit.invalid);
  });
});

describe("names that do not exist", () => {
  test("a run, a step, an artifact, a snapshot: each with the name and exit code 4", async () => {
    for (const args of [
      ["show", "zzzz"],
      ["logs", "zzzz"],
      ["cancel", "zzzz"],
      ["snapshot", "inspect", `sha256:${"0".repeat(64)}`],
    ]) {
      const { stderr, code } = await cli(args);
      expect(stderr).toMatch(/zzzz|sha256:000/);
      expect(code).toBe(exit.missing);
    }
  });
});

describe("a snapshot file that is hostile", () => {
  test("a bomb is refused with the limit named, quickly, and a damaged pack by what is wrong with it", async () => {
    await using folder = await tempFolder();
    const bomb = join(folder.path, "bomb.gz");
    await writeFile(bomb, gzipSync(Buffer.alloc(256 * 1024 * 1024)));
    const answer = await haversack(["snapshot", "inspect", bomb]);
    expect(answer.stderr).toMatch(/limit of 16\.0 MiB/);
    expect(answer.code).toBe(exit.invalid);
    const cut = join(folder.path, "cut.gz");
    await writeFile(cut, gzipSync(Buffer.from("{}")).subarray(0, 15));
    const damaged = await haversack(["snapshot", "inspect", cut]);
    expect(damaged.stderr).toMatch(/the pack is damaged/);
    expect(damaged.code).not.toBe(0);
  });
});

describe("a worker that may not", () => {
  test("a wrong token ends it with what to do, and it is not in the fleet", async () => {
    await using folder = await tempFolder();
    const worker = await haversack(["worker", "--url", fleet.url, "--data", folder.path], {
      HAVERSACK_TOKEN: `hv1_${"x".repeat(43)}`,
    });
    expect(worker.stderr).toMatch(/refused this worker[^]*join again/);
    expect(worker.code).toBe(exit.denied);
    expect(await (await fleet.client()).workers(noSignal)).toEqual([]);
  });

  test("a second process on one worker folder is told who has it", async () => {
    const first = await fleet.startWorker("twice");
    const second = await fleet.startWorkerUnseen("twice").ended;
    expect(second.stderr).toContain(`in use by process ${first.pid}`);
    expect(second.code).toBe(exit.environment);
    await first.kill("SIGTERM");
  });
});

describe("a coordinator that cannot start", () => {
  test("a busy port is named, and the folder is left clean", async () => {
    await using folder = await tempFolder();
    const server = createServer();
    const listening = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", listening.resolve);
    await listening.promise;
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const data = join(folder.path, "data");
    const { stderr, code } = await haversack([
      "coordinator",
      "--data",
      data,
      "--listen",
      `127.0.0.1:${port}`,
    ]);
    server.close();
    expect(stderr).toMatch(new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}[^]*--listen`));
    expect(code).toBe(exit.environment);
    expect(await readdir(data)).not.toContain("lock");
    expect(await readdir(data)).not.toContain("coordinator.json");
  });

  test("a data folder that another one has is refused with its pid", async () => {
    const { stderr, code } = await haversack([
      "coordinator",
      "--data",
      fleet.data,
      "--listen",
      "127.0.0.1:0",
    ]);
    expect(stderr).toMatch(/in use by process \d+/);
    expect(code).toBe(exit.environment);
  });

  test("an address for other machines is refused as long as there is no TLS", async () => {
    await using folder = await tempFolder();
    const { stderr, code } = await haversack(["coordinator", "--data", folder.path, "--listen", "0.0.0.0:0"]);
    expect(stderr).toMatch(/0\.0\.0\.0 can be reached from other machines/);
    expect(code).toBe(exit.invalid);
  });

  test.skipIf(getuid?.() === 0)("a read-only data folder is named", async () => {
    await using folder = await tempFolder();
    await chmod(folder.path, 0o500);
    const { stderr, code } = await haversack([
      "coordinator",
      "--data",
      folder.path,
      "--listen",
      "127.0.0.1:0",
    ]);
    expect(stderr).toMatch(/cannot use the data folder/);
    expect(code).toBe(exit.environment);
  });

  test.skipIf(platform !== "linux")("a data folder where not even root may write is named", async () => {
    const { stderr, code } = await haversack([
      "coordinator",
      "--data",
      "/sys/haversack",
      "--listen",
      "127.0.0.1:0",
    ]);
    expect(stderr).toMatch(/cannot use the data folder \/sys\/haversack[^]*--data/);
    expect(code).toBe(exit.environment);
  });

  test("a data folder that cannot be made is named", async () => {
    await using folder = await tempFolder();
    const file = join(folder.path, "file");
    await writeFile(file, "");
    const { stderr, code } = await haversack([
      "coordinator",
      "--data",
      join(file, "data"),
      "--listen",
      "127.0.0.1:0",
    ]);
    expect(stderr).toMatch(/cannot use the data folder/);
    expect(code).toBe(exit.environment);
  });

  test("a database of a later version is left alone", async () => {
    await using folder = await tempFolder();
    const { DatabaseSync } = await import("node:sqlite");
    const file = join(folder.path, "haversack.db");
    const db = new DatabaseSync(file);
    db.exec(
      "create table migration (version integer primary key, name text not null) strict; insert into migration values (999, 'later')",
    );
    db.close();
    const { stderr, code } = await haversack([
      "coordinator",
      "--data",
      folder.path,
      "--listen",
      "127.0.0.1:0",
    ]);
    expect(stderr).toMatch(/has schema 999/);
    expect(code).toBe(exit.environment);
  });
});

describe("nobody answers", () => {
  test("a command without a coordinator says where it looked", async () => {
    await using folder = await tempFolder();
    await mkdir(join(folder.path, "empty"));
    const none = await haversack(["runs"], {}, join(folder.path, "empty"));
    expect(none.stderr).toMatch(/coordinator/);
    expect(none.code).toBe(exit.unreachable);
    const dead = await haversack(["runs", "--url", "http://127.0.0.1:9", "--token", "hv1_x"]);
    expect(dead.stderr).toMatch(/127\.0\.0\.1:9/);
    expect(dead.code).toBe(exit.unreachable);
  });
});

function step(text: string): string {
  return `name: x\nsteps:\n  - id: a\n    ${text}\n`;
}

function cli(args: readonly string[]) {
  return haversack([...args, "--data", fleet.data]);
}

async function runCount(): Promise<number> {
  return (await (await fleet.client()).runs({ pageSize: 500 }, noSignal)).runs.length;
}
