/** Health of a container: real sockets, a container engine in memory, time that passes by itself. */

import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { type Clock, systemClock } from "@haversack/base";
import type { DeployHealth } from "@haversack/protocol";
import { expect, onTestFinished, test } from "vitest";
import { fakePorts } from "../../../../tests/support/fake-clock.ts";
import { hastyClock } from "../testing/deploy-world.ts";
import type { ContainerScript } from "../testing/fake-containers.ts";
import { type FakeRuntime, fakeRuntime } from "../testing/fake-runtime.ts";
import { untilHealthy } from "./health.ts";
import { cleanLines } from "./life.ts";
import { probeOnce } from "./probe.ts";

const { signal } = new AbortController();
const times = { intervalMs: 1000, timeoutMs: 1000, withinMs: 10_000 };
/** Sockets are real, so is their time. */
const real = { intervalMs: 5, timeoutMs: 10_000, withinMs: 10_000 };

interface Started {
  readonly engine: FakeRuntime;
  readonly waiting: Parameters<typeof untilHealthy>[0];
  readonly view: Parameters<typeof untilHealthy>[1];
}

async function started(script: ContainerScript, clock: Clock = hastyClock()): Promise<Started> {
  const engine = fakeRuntime({ script });
  engine.images.set("i", { id: "i", arch: "x64" });
  const { id } = await engine.create(
    {
      name: "hv-web-1",
      image: "i",
      arch: "x64",
      labels: new Map(),
      env: new Map(),
      ports: [],
      mounts: [],
      tmpfs: new Map(),
      readOnlyRoot: true,
      capabilities: [],
      limits: { cpuMillis: 1, memoryBytes: 1, pids: 1 },
      restart: "never",
      network: "own",
    },
    signal,
  );
  await engine.start(id, signal);
  const view = await engine.inspect(id, signal);
  if (view === undefined) throw new Error("it is there");
  return { engine, view, waiting: { runtime: engine, ports: fakePorts(clock), signal } };
}

async function served(statuses: readonly number[]): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(statuses[Math.min(asked.length, statuses.length) - 1] ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, asked };
}

const http = (port: number): DeployHealth => ({ probe: { kind: "http", path: "/healthz" }, port, ...real });

test("two answers of 2xx in a row are needed: one between failures is not enough", async () => {
  const { port, asked } = await served([503, 200, 301, 204, 200]);
  const { waiting, view } = await started(() => ({}), systemClock);
  await untilHealthy(waiting, view, http(port));
  expect(asked).toEqual(Array(5).fill("/healthz"));
});

test("what never answers well fails with the last reason, within its time", async () => {
  const { port } = await served([500]);
  const { waiting, view } = await started(() => ({}), systemClock);
  await expect(untilHealthy(waiting, view, { ...http(port), withinMs: 200 })).rejects.toMatchObject({
    code: "unhealthy",
    message: expect.stringMatching(/not healthy within 200ms: GET \/healthz on port \d+ answered 500/),
  });
});

test("tcp: a port that listens, and one that does not", async () => {
  const { port } = await served([200]);
  const { waiting, view, engine } = await started(() => ({}), systemClock);
  const health: DeployHealth = { probe: { kind: "tcp" }, port, ...real };
  await untilHealthy(waiting, view, health);
  const closed = { runtime: engine, view, health: { ...health, port: 1 }, signal };
  await expect(probeOnce(closed)).rejects.toThrow("ECONNREFUSED");
});

test("a command speaks for itself, and what it writes is told without control characters", async () => {
  const { waiting, view } = await started(() => ({
    exec: ({ user }) => ({ exitCode: 2, output: `\u001b[31m${user ?? "nobody"}\u0007 says no\n` }),
  }));
  const health: DeployHealth = { probe: { kind: "command", argv: ["/bin/check"] }, ...times };
  await expect(untilHealthy(waiting, view, health)).rejects.toThrow(
    /bin.check ended with exit code 2: 10001:10001 +says no/,
  );
});

test("the first probes come soon after each other, later ones at the interval", async () => {
  const clock = hastyClock();
  const began = clock.monotonic();
  const at: number[] = [];
  const { waiting, view } = await started(
    () => ({ exec: () => ({ exitCode: at.push(clock.monotonic() - began) < 6 ? 1 : 0 }) }),
    clock,
  );
  const health: DeployHealth = { probe: { kind: "command", argv: ["/bin/check"] }, ...times };
  await untilHealthy(waiting, view, health);
  expect(at).toEqual([0, 250, 750, 1750, 2750, 3750, 4750]);
});

test("an end inside the window fails at once, with code and last lines", async () => {
  const { waiting, view, engine } = await started(() => ({
    exec: () => {
      engine.write("hv-web-1", "one\ntwo\n");
      engine.end("hv-web-1", 9);
      return { exitCode: 1 };
    },
  }));
  const health: DeployHealth = { probe: { kind: "command", argv: ["/bin/check"] }, ...times, withinMs: 1e9 };
  await expect(untilHealthy(waiting, view, health)).rejects.toMatchObject({
    code: "container_exited",
    message: expect.stringContaining("it ended with exit code 9; it wrote last:\none\ntwo"),
  });
});

test("one that the engine started again meanwhile has ended, too", async () => {
  const { waiting, view, engine } = await started(() => ({}));
  engine.end("hv-web-1", 1);
  await engine.start(view.id, signal);
  const was = { ...view, startedAt: 1 };
  await expect(untilHealthy(waiting, was, undefined)).rejects.toThrow("it ended and was started again");
});

test("without an address and without a published port it says what to do", async () => {
  const { view, engine } = await started(() => ({}));
  const { address: _, ...nowhere } = view;
  const health: DeployHealth = { probe: { kind: "tcp" }, port: 80, ...times };
  await expect(probeOnce({ runtime: engine, view: nowhere, health, signal })).rejects.toMatchObject({
    code: "health_unreachable",
  });
});

test("last lines are twenty at most, and of 4 KiB", () => {
  const many = Array.from({ length: 50 }, (_, index) => `line ${index}`).join("\r\n");
  expect(cleanLines(many).split("\n")).toHaveLength(20);
  expect(cleanLines("x".repeat(10_000))).toHaveLength(4096);
});
