/** The main job, as `npm start` runs it: coordinator, worker, rehearsal model, the example DAG with its agent step. */

import { execFileSync } from "node:child_process";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startRehearsal } from "../../packages/cli/src/rehearsal/rehearsal.ts";
import { acceptedCounts, Fleet, haversack, noSignal, Program, repositoryRoot } from "../support/fleet.ts";
import { makeRepository } from "../support/git-repository.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("haversack start --once", () => {
  test("runs the example, whose numbers are those of the repository; a second start finds the first run", async () => {
    await using repository = await tempFolder("haversack-repository");
    await using folder = await tempFolder();
    await makeRepository(repository.path);
    const args = [
      "start",
      "--once",
      "--data",
      folder.path,
      "--listen",
      "127.0.0.1:0",
      "-p",
      `repo=${repository.path}`,
    ];
    const first = await haversack(args);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain("model: rehearsal");
    expect(first.stdout).toContain("✓ succeeded: repo-report");
    const [run] = await readdir(join(folder.path, "reports"));
    const report = await readFile(join(folder.path, "reports", String(run), "REPORT.md"), "utf8");
    expect(report).toMatch(/\| commits \| 2 \|/);
    expect(report).toMatch(/\| files \| 2 \|/);
    expect(report).toMatch(/\| lines \| 4 \|/);
    expect(report).toMatch(/\| notes \| 1 \|/);
    const second = await haversack(args);
    expect(second.code).toBe(0);
    expect(second.stdout).toMatch(/1 earlier run/);
  });

  test("exits with 1 and the failing step's error when the run fails", async () => {
    await using empty = await tempFolder("haversack-no-repository");
    await using folder = await tempFolder();
    const args = [
      "start",
      "--once",
      "--data",
      folder.path,
      "--listen",
      "127.0.0.1:0",
      "-p",
      `repo=${empty.path}`,
    ];
    const { code, stdout, stderr } = await haversack(args);
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).toMatch(/repository[^]*not a git repository/);
  });

  test("a second one beside a running one is told which process has the folder", async () => {
    await using folder = await tempFolder();
    const args = ["start", "--data", folder.path, "--listen", "127.0.0.1:0"];
    await using serving = new Program(args);
    // Where nobody may be reading along, no token is printed.
    expect(await serving.line(/^The page:/)).toMatch(/^The page: http:\S+:\d+ \(it asks for a token/);
    await serving.line(/Serving at/);
    const { code, stderr } = await haversack(args);
    expect(stderr).toContain(`pid ${serving.pid}`);
    expect(code).toBe(7);
    serving.child.kill("SIGINT");
    const end = await serving.ended;
    expect(end.code).toBe(0);
  });
});

describe("an agent step", () => {
  test("keeps the pack of its submission when the library changes or goes", async () => {
    await using library = await tempFolder("haversack-library");
    await cp(join(repositoryRoot, "examples/agents"), library.path, { recursive: true });
    const rehearsal = await startRehearsal();
    await using fleet = await Fleet.start({
      agents: library.path,
      model: "rehearsal",
      env: { HAVERSACK_REHEARSAL_URL: rehearsal.url },
    });
    const dag = await readFile(join(repositoryRoot, "examples/dags/word-count.yaml"), "utf8");
    const run = await fleet.submit(dag);
    const client = await fleet.client();
    const agentStep = run.steps.find(({ kind }) => kind === "agent");
    const pinned = await client.inspectSnapshot(`${run.id}/${agentStep?.id}`, noSignal);
    await writeFile(join(library.path, "config.yaml"), "version: nonsense\n");
    await writeFile(join(library.path, "profiles", "repo-analyst.md"), "gone");
    await fleet.startWorker("w");
    const { run: ended, events } = await fleet.finished(run.id);
    await rehearsal.stop();
    expect(ended.failure).toBeUndefined();
    expect(acceptedCounts(events).get(String(agentStep?.id))).toBe(1);
    const used = await client.inspectSnapshot(`${run.id}/${agentStep?.id}`, noSignal);
    expect(used.parts.filter(({ section }) => section !== "memory")).toEqual(
      pinned.parts.filter(({ section }) => section !== "memory"),
    );
    expect(used.parts.filter(({ why }) => why === "")).toEqual([]);
  });

  test("whose model cannot be reached fails, and its key is in no file, database or log", async () => {
    const key = "sk-canary-7f3d1b5c9e2a4f6081d3";
    await using fleet = await Fleet.start({
      model: "openai",
      env: { OPENAI_API_KEY: key, OPENAI_BASE_URL: "http://127.0.0.1:9" },
    });
    await fleet.startWorker("w");
    const dag = `
name: keyed
steps:
  - id: ask
    agent: { prompt: "say hi", tools: [output], limits: { maxTurns: 1 } }
    timeout: 3s
`;
    const run = await fleet.submit(dag);
    const { run: ended } = await fleet.finished(run.id);
    expect(ended.status).toBe("failed");
    execFileSync("sync");
    const found = execFileSync("bash", ["-c", 'grep -rl -- "$0" "$1" || true', key, fleet.folder]).toString();
    expect(found).toBe("");
  });
});
