import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import { silentLog, systemClock, systemRandom } from "@haversack/base";
import type { StepLimits } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { commandOf, firstLine, until } from "../testing/process-watch.ts";
import { listProcesses } from "./process-table.ts";
import { openStepHost, type StepHost, type StepTree } from "./step-host.ts";

const path = process.env["PATH"] ?? "";
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const best = await openStepHost({ ending: "auto", workerId: randomUUID(), path }, ports);
const hard = best.limits === "hard" ? best : undefined;
const soft = await openStepHost(
  { ending: "auto", limits: "auto", workerId: randomUUID(), path, places: [] },
  ports,
);
const hog = `exec ${process.execPath} -e 'const kept = []; for (;;) kept.push(Buffer.alloc(4194304, 1))'`;

function startLimited(host: StepHost, script: string, limits: Omit<StepLimits, "enforcement">): StepTree {
  const env = new Map([
    ["PATH", path],
    ["HAVERSACK_FENCE", randomUUID()],
  ]);
  const spec = {
    argv: ["bash", "-c", script],
    cwd: tmpdir(),
    env,
    markedBy: "HAVERSACK_FENCE",
    channel: "none",
  } as const;
  const tree = host.start(spec, { ...limits, enforcement: "any" });
  tree.stderr.resume();
  return tree;
}

describe.skipIf(hard === undefined)("hard limits", () => {
  test("of memory: what takes more is killed, and the limit is named", async () => {
    const tree = startLimited(hard as StepHost, hog, { memoryBytes: 128 * 1024 ** 2 });
    tree.stdout.resume();
    expect(await tree.exit).toEqual({ kind: "killed", signal: "SIGKILL" });
    await tree.end(0);
    expect(tree.exceeded()).toEqual({ limit: "memory", text: "memory limit of 128MiB" });
  });

  test("of processes: a fork bomb stays small, and is gone when it is ended", async () => {
    const script = "bomb() { bomb | bomb & }; echo out; bomb; sleep 3600";
    const tree = startLimited(hard as StepHost, script, { pids: 30 });
    await firstLine(tree);
    const bombs = (): number =>
      listProcesses().filter(({ pid }) => commandOf(pid).includes("bomb() {")).length;
    expect(await until(() => bombs() > 5)).toBe(true);
    expect(bombs()).toBeLessThanOrEqual(31);
    expect(await tree.end(0)).toEqual([]);
    expect(bombs()).toBe(0);
    expect(tree.exceeded()).toEqual({ limit: "pids", text: "pids limit of 30" });
  });

  test("of files, and what is within the limits is left alone", async () => {
    const limits = { files: 64, memoryBytes: 256 * 1024 ** 2, cpuMillis: 500, pids: 20 };
    const tree = startLimited(hard as StepHost, "ulimit -n", limits);
    expect(await text(tree.stdout)).toBe("64\n");
    expect(await tree.exit).toEqual({ kind: "exited", code: 0 });
    await tree.end(0);
    expect([tree.exceeded(), tree.unkept, tree.under]).toEqual([undefined, undefined, undefined]);
  });
});

describe.skipIf(soft.limits !== "soft")("soft limits", () => {
  test("hold each process, and say what they are", async () => {
    const tree = startLimited(soft, hog, { memoryBytes: 256 * 1024 ** 2, cpuMillis: 1500 });
    tree.stdout.resume();
    expect(await tree.exit).not.toEqual({ kind: "exited", code: 0 });
    await tree.end(0);
    expect(tree.exceeded()).toBeUndefined();
    expect(tree.under).toBe("memory limit of 256MiB");
    expect(tree.unkept).toBe("this worker cannot keep the limit of cpu (limits=soft)");
  });
});

test("limits that this host cannot keep are refused by name, and fewer may be asked for", async () => {
  const wish = { ending: "sweep", workerId: randomUUID(), path, places: [] } as const;
  await expect(openStepHost({ ...wish, limits: "hard" }, ports)).rejects.toThrow(
    /HAVERSACK_LIMITS=hard is impossible here/,
  );
  expect((await openStepHost({ ...wish, limits: "none" }, ports)).labels).toEqual({
    ending: "sweep",
    limits: "none",
  });
});
