import { type Availability, type HaversackClient, parseWorkerId, type WorkerInfo } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { away, fakeClient } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

const worker = (availability: Availability, slotsUsed = 0, more: Partial<WorkerInfo> = {}): WorkerInfo => ({
  id: parseWorkerId("w-1"),
  name: "gpu-1",
  connected: true,
  version: "1",
  labels: new Map(),
  slots: 4,
  slotsUsed,
  lastSeenAt: 0,
  availability,
  ...more,
});

async function haversack(line: string, client: Partial<HaversackClient> = {}) {
  const env = { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" };
  const outside = fakeOutside({ env });
  const running = runProgram(line.split(" "), outside, () => fakeClient(client));
  const over = new AbortController();
  void running.then(() => over.abort());
  while (!over.signal.aborted) await outside.clock.pass(1000);
  return { code: await running, ...outside.written };
}

describe("haversack workers", () => {
  test("shows who gets nothing new, also as JSON", async () => {
    const stopping = worker("draining", 2, { stopping: true, drainDeadline: 0, cordonReason: "kernel" });
    const workers = async () => [worker("open"), stopping, worker("drained", 0, { connected: false })];
    const { out } = await haversack("workers", { workers });
    expect(out.split("\n").map((line) => line.slice(0, 34).trimEnd())).toEqual(
      [
        "NAME   STATE                      ",
        "gpu-1  connected",
        "gpu-1  connected, draining, stopping",
        "gpu-1  away, drained",
        "",
      ].map((line) => line.slice(0, 34).trimEnd()),
    );
    const json = JSON.parse((await haversack("workers --json", { workers })).out) as { workers: unknown[] };
    expect(json.workers[1]).toMatchObject({
      availability: "draining",
      cordonReason: "kernel",
      drainDeadline: "1970-01-01T00:00:00.000Z",
      stopping: true,
    });
  });

  test("cordon and uncordon say what became of it", async () => {
    const asked: string[] = [];
    const cordonWorker: HaversackClient["cordonWorker"] = async (name, reason) => {
      asked.push(`${name} ${reason}`);
      return worker("cordoned", 1);
    };
    const cordon = await haversack("workers cordon gpu-1 --reason disk", { cordonWorker });
    expect(cordon.out).toBe("gpu-1 gets nothing new; what it has goes on (1 step)\n");
    expect(asked).toEqual(["gpu-1 disk"]);
    const uncordonWorker = async () => worker("open", 0, { connected: false });
    const { out } = await haversack("workers uncordon gpu-1", { uncordonWorker });
    expect(out).toBe("gpu-1 gets steps again once it is connected\n");
    const json = await haversack("workers uncordon gpu-1 --json", { uncordonWorker });
    expect(JSON.parse(json.out)).toMatchObject({ worker: { id: "w-1", availability: "open" } });
  });

  test("a worker has to be named", async () => {
    expect((await haversack("workers drain")).code).toBe(exitCodes.invalid);
    expect((await haversack("workers drain a --deadline soon")).code).toBe(exitCodes.invalid);
  });
});

describe("haversack workers drain", () => {
  const drainWorker: HaversackClient["drainWorker"] = async () => worker("draining", 2);

  test("answers at once, and tells how long what is left may take", async () => {
    const asked: number[] = [];
    const drain: HaversackClient["drainWorker"] = async (_, { deadlineMs }) => {
      asked.push(deadlineMs);
      return worker("draining", 2);
    };
    const { code, out } = await haversack("workers drain gpu-1 --deadline 10m", { drainWorker: drain });
    expect([code, out]).toEqual([0, "gpu-1 gets nothing new; 2 steps left, which is ended in 10m00s\n"]);
    expect(asked).toEqual([600_000]);
  });

  test("waits until nothing runs there, over broken connections", async () => {
    let dials = 0;
    const watchWorkers: HaversackClient["watchWorkers"] = async function* () {
      dials += 1;
      yield { workers: [worker("draining", 3 - dials)], complete: true };
      if (dials < 3) throw away();
      yield { workers: [worker("drained")], complete: false };
    };
    const { code, out, err } = await haversack("workers drain gpu-1 --wait", { drainWorker, watchWorkers });
    expect([code, out, dials]).toEqual([0, "gpu-1 is drained\n", 3]);
    expect(err).toContain("1 step left");
  });

  test("fails when somebody ends the drain meanwhile", async () => {
    const watchWorkers: HaversackClient["watchWorkers"] = async function* () {
      yield { workers: [worker("open", 1)], complete: true };
    };
    const { code, err } = await haversack("workers drain gpu-1 --wait", { drainWorker, watchWorkers });
    expect([code, err]).toEqual([exitCodes.invalid, expect.stringContaining("no longer to be drained")]);
  });
});
