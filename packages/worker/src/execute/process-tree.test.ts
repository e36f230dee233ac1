import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { systemClock } from "@haversack/base";
import { describe, expect, test } from "vitest";
import { StopRequest } from "./executor.ts";
import { carriesMarker, hasProcessTable, listProcesses } from "./process-table.ts";
import { type ProcessTree, startProcess, sweepOrphans } from "./process-tree.ts";

function start(script: string, marker = randomUUID()): { tree: ProcessTree; marker: string } {
  const env = new Map([
    ["PATH", process.env["PATH"] ?? ""],
    ["HAVERSACK_FENCE", marker],
  ]);
  const tree = startProcess(
    { argv: ["bash", "-c", script], cwd: tmpdir(), env, markedBy: "HAVERSACK_FENCE", channel: "none" },
    systemClock,
  );
  tree.stderr.resume();
  return { tree, marker };
}

/** Reads one line: the script says when it is where the test wants it. */
async function firstLine(tree: ProcessTree): Promise<string> {
  for await (const line of createInterface({ input: tree.stdout })) return line;
  return "";
}

const marked = (marker: string): number[] =>
  listProcesses()
    .filter((row) => carriesMarker(row.pid, `HAVERSACK_FENCE=${marker}`))
    .map((row) => row.pid);

const isAlive = (pid: number): boolean => listProcesses().some((row) => row.pid === pid);

describe.runIf(hasProcessTable)("a process tree ends with all of it", () => {
  test("a process that ends by itself leaves nothing to do", async () => {
    const { tree } = start("exit 7");
    expect(await tree.exit).toEqual({ kind: "exited", code: 7 });
    expect(await tree.end(0)).toEqual([]);
  });

  test("one that heeds SIGTERM is not killed", async () => {
    const { tree } = start("trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done");
    await firstLine(tree);
    expect(await tree.end(10_000)).toEqual([]);
    expect(await tree.exit).toEqual({ kind: "exited", code: 9 });
  });

  test("one that ignores SIGTERM is killed after the grace", async () => {
    const { tree } = start("trap '' TERM; echo ready; while :; do sleep 0.02; done");
    await firstLine(tree);
    const begun = performance.now();
    expect(await tree.end(80)).toEqual([]);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(75);
    expect(await tree.exit).toEqual({ kind: "killed", signal: "SIGKILL" });
  });

  test("a grace that shrinks while it runs counts as it is then", async () => {
    const { tree } = start("trap '' TERM; echo ready; while :; do sleep 0.02; done");
    await firstLine(tree);
    const request = new StopRequest("cancelled", 3_600_000);
    const ended = tree.end(() => request.graceMs);
    request.hurry();
    expect(await ended).toEqual([]);
    expect(await tree.exit).toEqual({ kind: "killed", signal: "SIGKILL" });
  });

  test("a child in a session of its own is found by its marker", async () => {
    const { tree, marker } = start("setsid bash -c 'trap \"\" TERM; echo ready; sleep 600' & exit 0");
    await firstLine(tree);
    await tree.exit;
    expect(marked(marker)).not.toEqual([]);
    expect(await tree.end(20)).toEqual([]);
    expect(marked(marker)).toEqual([]);
  });

  test("a grandchild that forked twice and lost its parents is found too", async () => {
    const { tree, marker } = start("( ( setsid sleep 600 & ) & ) ; echo ready");
    await firstLine(tree);
    await tree.exit;
    expect(await tree.end(1000)).toEqual([]);
    expect(marked(marker)).toEqual([]);
  });

  test("a child without environment is found through its living parent", async () => {
    const { tree } = start("env -i setsid sleep 601 & echo $!; wait");
    const pid = Number(await firstLine(tree));
    expect(isAlive(pid)).toBe(true);
    expect(await tree.end(1000)).toEqual([]);
    expect(isAlive(pid)).toBe(false);
  });

  test("a stopped process is woken and ended", async () => {
    const { tree } = start("echo ready; kill -STOP $$; sleep 600");
    await firstLine(tree);
    expect(await tree.end(5000)).toEqual([]);
    expect(await tree.exit).toEqual({ kind: "killed", signal: "SIGTERM" });
  });

  test("processes of others stay", async () => {
    const other = start("echo ready; exec sleep 600");
    await firstLine(other.tree);
    const { tree } = start("echo ready; sleep 600");
    await firstLine(tree);
    expect(await tree.end(1000)).toEqual([]);
    expect(marked(other.marker)).toHaveLength(1);
    await other.tree.end(0);
  });

  test("what cannot be started says so, and ends at once", async () => {
    const tree = startProcess(
      {
        argv: ["/nowhere/at-all"],
        cwd: tmpdir(),
        env: new Map([["HAVERSACK_FENCE", "x"]]),
        markedBy: "HAVERSACK_FENCE",
        channel: "none",
      },
      systemClock,
    );
    expect(await tree.exit).toEqual({ kind: "not-started", code: "ENOENT" });
    expect(await tree.end(0)).toEqual([]);
  });

  test("a starting worker ends what its earlier life left, and nothing of another worker", async () => {
    const [mine, other] = [randomUUID(), randomUUID()];
    const orphan = async (workerId: string, fence: object): Promise<number> => {
      const child = spawn("bash", ["-c", "echo ready; exec sleep 600"], {
        detached: true,
        env: { PATH: process.env["PATH"], HAVERSACK_WORKER_ID: workerId, ...fence },
        stdio: ["ignore", "pipe", "ignore"],
      });
      await once(child.stdout, "data");
      return child.pid ?? 0;
    };
    const left = await orphan(mine, { HAVERSACK_FENCE: "r/s/g/1" });
    const foreign = await orphan(other, { HAVERSACK_FENCE: "r/s/g/1" });
    // A worker that is configured by this variable, or its shell: no fence, so no step.
    const shell = await orphan(mine, {});
    expect(await sweepOrphans(mine, systemClock)).toBe(1);
    expect([left, foreign, shell].map(isAlive)).toEqual([false, true, true]);
    expect(await sweepOrphans(mine, systemClock)).toBe(0);
    process.kill(foreign, "SIGKILL");
    process.kill(shell, "SIGKILL");
  });
});
