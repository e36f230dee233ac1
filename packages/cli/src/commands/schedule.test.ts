import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import { type HaversackClient, parseRunId, type ScheduleInfo, type Submission } from "@haversack/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { fakeClient, fakeRun, someDigest } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haversack-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function haversack(line: string, client: Partial<HaversackClient> = {}) {
  const env = { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" };
  const outside = fakeOutside({ env, cwd: folder });
  const code = await runProgram(line.split(" "), outside, () => fakeClient(client));
  return { code, ...outside.written };
}

const putAt = Date.UTC(2026, 0, 31, 9);
const info = { name: "nightly", digest: someDigest, fileName: "n.yaml", putAt, schedules: 1 };
const due = Date.UTC(2026, 0, 31, 2, 30);
const schedule = (index: number, more: Partial<ScheduleInfo> = {}): ScheduleInfo => ({
  dagName: "nightly",
  index,
  cron: "30 2 * * *",
  timezone: "UTC",
  catchUp: "none",
  overlap: "skip",
  params: {},
  next: [due + 86_400_000],
  ticks: [],
  queued: 0,
  ...more,
});

describe("haversack dag", () => {
  test("put stores each file, and says which were there already", async () => {
    for (const name of ["a", "b"]) writeFileSync(join(folder, `${name}.yaml`), `name: ${name}`);
    const putDag: HaversackClient["putDag"] = async ({ dag: text, fileName }) => ({
      dag: { ...info, name: text.slice("name: ".length), fileName },
      changed: fileName === "a.yaml",
    });
    const { code, out } = await haversack("dag put a.yaml b.yaml", { putDag });
    expect([code, out]).toEqual([exitCodes.ok, "a stored\nb unchanged\n"]);
    const json = JSON.parse((await haversack("dag put a.yaml --json", { putDag })).out) as object;
    expect(json).toEqual({
      dags: [{ ...info, name: "a", fileName: "a.yaml", putAt: "2026-01-31T09:00:00.000Z", changed: true }],
    });
  });

  test("put reads all files before it stores one", async () => {
    writeFileSync(join(folder, "a.yaml"), "name: a");
    const { code, err } = await haversack("dag put a.yaml none.yaml");
    expect([code, err]).toEqual([exitCodes.invalid, expect.stringContaining("cannot be read")]);
  });

  test("get prints the text as it is; list and delete", async () => {
    const dag = async () => ({ ...info, source: "name: nightly # é\n" });
    expect((await haversack("dag get nightly", { dag })).out).toBe(
      Buffer.from("name: nightly # é\n").toString("latin1"),
    );
    expect(JSON.parse((await haversack("dag get nightly --json", { dag })).out)).toMatchObject({
      source: "name: nightly # é\n",
    });
    expect((await haversack("dag list", { dags: async () => [info] })).out).toMatch(
      /^NAME .*\nnightly {2}1 .* n\.yaml /,
    );
    expect((await haversack("dag list", { dags: async () => [] })).err).toContain("haversack dag put FILE");
    expect((await haversack("dag delete nightly", { deleteDag: async () => {} })).out).toBe(
      "nightly deleted\n",
    );
  });
});

describe("haversack run --dag", () => {
  const source = "name: nightly\nparams:\n  dir: {type: string, format: path, default: .}\nsteps: []\n";
  const seen: Submission[] = [];
  const client: Partial<HaversackClient> = {
    dag: async () => ({ ...info, source }),
    submit: async (submission) => {
      seen.push(submission);
      return { run: fakeRun("run-1"), existed: false };
    },
  };

  test("names the DAG, and makes a given path absolute", async () => {
    seen.length = 0;
    expect((await haversack("run --dag nightly -p dir=sub -p n=1", client)).out).toBe("run-1\n");
    await haversack("run --dag nightly", client);
    expect(seen).toEqual([
      {
        dag: "",
        dagName: "nightly",
        fileName: "",
        params: { dir: join(folder, "sub"), n: "1" },
        idempotencyKey: "id-1",
      },
      { dag: "", dagName: "nightly", fileName: "", params: {}, idempotencyKey: "id-1" },
    ]);
  });

  test("takes a file or a name, not both and not neither", async () => {
    for (const line of ["run", "run a.yaml --dag nightly"]) {
      expect(await haversack(line, client)).toMatchObject({
        code: exitCodes.invalid,
        err: expect.stringContaining("--dag NAME"),
      });
    }
  });
});

describe("haversack schedule", () => {
  const tick = { due, outcome: "started", runId: parseRunId("run-1"), detail: "", at: due } as const;

  test("list tells what comes, what came, and why nothing does", async () => {
    const failed = {
      due: due - 86_400_000,
      outcome: "failed",
      detail: "no skill\nx\u001b[2J",
      at: due,
    } as const;
    const schedules = async () => [
      schedule(0, { ticks: [tick, failed], queued: 2 }),
      schedule(1, { next: [], paused: { at: due, note: "disk\u0007" } }),
    ];
    const { out } = await haversack("schedule list", { schedules });
    const lines = out.split("\n");
    expect(lines[0]).toBe("nightly/0  30 2 * * *  (UTC, catchUp: none, overlap: skip)");
    expect(lines[1]).toMatch(/^ {2}next {4}2026-02-01 /);
    expect(lines[2]).toBe("  2 times wait for earlier runs");
    expect(lines[3]).toMatch(/^ {2}2026-01-31 .* started {2}run-1$/);
    expect(lines[4]).toMatch(/failed {3}no skill; x/);
    expect(out).not.toContain("\u001b");
    expect(lines[7]).toMatch(/^ {2}paused since .*: disk\\x07$/);
    const json = JSON.parse((await haversack("schedule list --json", { schedules })).out) as {
      schedules: object[];
    };
    expect(json.schedules).toMatchObject([
      {
        index: 0,
        next: ["2026-02-01T02:30:00.000Z"],
        ticks: [{ due: "2026-01-31T02:30:00.000Z", runId: "run-1" }, {}],
      },
      { index: 1, paused: { at: "2026-01-31T02:30:00.000Z" } },
    ]);
  });

  test("pause and resume name a DAG or one of its schedules", async () => {
    const asked: unknown[] = [];
    const client: Partial<HaversackClient> = {
      pauseSchedules: async (...args) => asked.push(args.slice(0, 2)),
      resumeSchedules: async (name) => asked.push(name) * 0,
    };
    expect((await haversack("schedule pause nightly --note full", client)).out).toBe("nightly is paused\n");
    expect((await haversack("schedule resume nightly/1", client)).out).toBe("nightly/1 was not paused\n");
    expect(asked).toEqual([[{ dagName: "nightly" }, "full"], { dagName: "nightly", index: 1 }]);
    expect((await haversack("schedule pause ../x", client)).code).toBe(exitCodes.invalid);
  });

  test("trigger needs no index when there is one schedule, and lists them when there are more", async () => {
    const asked: unknown[] = [];
    const client: Partial<HaversackClient> = {
      schedules: async (name) =>
        name === "two" ? [schedule(0), schedule(1)] : name === "none" ? [] : [schedule(0)],
      triggerSchedule: async (trigger) => {
        asked.push(trigger);
        return { runId: "run-1", existed: false };
      },
      run: async (id) => fakeRun(id),
    };
    expect((await haversack("schedule trigger nightly -p a=b", client)).out).toBe("run-1\n");
    await haversack("schedule trigger two/1", client);
    expect(asked).toEqual([
      { dagName: "nightly", index: 0, params: { a: "b" }, idempotencyKey: "id-1" },
      { dagName: "two", index: 1, params: {}, idempotencyKey: "id-1" },
    ]);
    expect(await haversack("schedule trigger two", client)).toMatchObject({
      code: 2,
      err: expect.stringContaining("two/0, two/1"),
    });
    expect((await haversack("schedule trigger none", client)).code).toBe(exitCodes.missing);
  });

  test("backfill reads moments in UTC, and tells which times had their run", async () => {
    const asked: unknown[] = [];
    const client: Partial<HaversackClient> = {
      backfillSchedule: async (name, range) => {
        asked.push({
          ...name,
          from: new Date(range.from).toISOString(),
          to: new Date(range.to).toISOString(),
        });
        return [{ ...tick, existed: true }];
      },
    };
    const { out } = await haversack(
      "schedule backfill nightly/0 --from 2026-01-01 --to 2026-01-31T06:00+01:00",
      client,
    );
    expect(out).toMatch(/started {2}run-1 {2}\(was there\)\n$/);
    await haversack("schedule backfill nightly/0 --from 2026-01-01T12:30:05", client);
    expect(asked).toEqual([
      { dagName: "nightly", index: 0, from: "2026-01-01T00:00:00.000Z", to: "2026-01-31T05:00:00.000Z" },
      { dagName: "nightly", index: 0, from: "2026-01-01T12:30:05.000Z", to: "2026-01-31T09:15:00.000Z" },
    ]);
    for (const from of ["yesterday", "2026-13-01", "2026-01-01T1"]) {
      expect(await haversack(`schedule backfill nightly/0 --from ${from}`, client)).toMatchObject({
        code: exitCodes.invalid,
      });
    }
  });

  test("what is not there is exit code 4", async () => {
    const schedules = async () => Promise.reject(new FaultError("missing", "unknown_dag", "no such DAG"));
    expect((await haversack("schedule list none", { schedules })).code).toBe(exitCodes.missing);
  });
});

test("show says which time of which schedule a run is for", async () => {
  const trigger = { kind: "schedule", schedule: 1, due } as const;
  const run = async (id: string) => fakeRun(id, { trigger });
  expect((await haversack("show run-1", { run })).out).toMatch(/\nstarted by schedule 1, for 2026-01-31 /);
  expect(JSON.parse((await haversack("show run-1 --json", { run })).out)).toMatchObject({
    trigger: { kind: "schedule", schedule: 1, due: "2026-01-31T02:30:00.000Z" },
  });
  const runs = async () => ({ runs: [await run("run-1")], nextPageToken: "" });
  expect((await haversack("runs", { runs })).out).toMatch(/RUN {4}DAG {4}BY .*\nrun-1 {2}hello {2}schedule /);
});
