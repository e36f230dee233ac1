/** What a test can do to the container engine in memory; that it keeps the promises of an engine is said elsewhere. */

import { FaultError } from "@haversack/base";
import { expect, test } from "vitest";
import type { ContainerSpec } from "../runtime/container.ts";
import { fakeRuntime } from "./fake-runtime.ts";

const { signal } = new AbortController();
const image = { id: "sha256:a", arch: "x64", stamp: "1" };
const spec: ContainerSpec = {
  name: "web",
  image: image.id,
  arch: "x64",
  labels: new Map([["haversack.cluster", "c"]]),
  env: new Map(),
  ports: [{ containerPort: 80, address: "127.0.0.1", hostPort: 0 }],
  mounts: [],
  tmpfs: new Map(),
  readOnlyRoot: true,
  capabilities: [],
  limits: { cpuMillis: 100, memoryBytes: 1, pids: 1 },
  restart: "never",
  network: "own",
};

test("a held import waits in the test's hand, tells its bytes, and fails as it is told", async () => {
  const engine = fakeRuntime();
  const held = engine.holdNext("importImage");
  const told: number[] = [];
  const flight = engine.importImage(import.meta.filename, image, (bytes) => told.push(bytes), signal);
  flight.catch(() => {});
  await held.reached;
  held.progress(7);
  expect(await engine.inspectImage(image, signal)).toEqual({ kind: "absent" });
  held.fail(new FaultError("corrupt", "import_failed", "cut"));
  await expect(flight).rejects.toMatchObject({ code: "import_failed" });
  expect(told).toEqual([7]);
});

test("a held call ends with its signal", async () => {
  const engine = fakeRuntime();
  const held = engine.holdNext("pullImage");
  const stopping = new AbortController();
  const flight = engine.pullImage({ ref: "r/x@sha256:b", arch: "x64" }, () => {}, stopping.signal);
  flight.catch(() => {});
  await held.reached;
  stopping.abort();
  await expect(flight).rejects.toMatchObject({ fault: "cancelled" });
  expect(engine.images.size).toBe(0);
});

test("an engine that is gone makes an image unknown, and everything else unavailable", async () => {
  const engine = fakeRuntime();
  engine.images.set(image.id, image);
  engine.goneBecause = "connection refused";
  expect(await engine.inspectImage(image, signal)).toMatchObject({ kind: "unknown" });
  await expect(engine.create(spec, signal)).rejects.toMatchObject({ fault: "unavailable" });
  engine.goneBecause = undefined;
  expect(await engine.inspectImage(image, signal)).toEqual({ kind: "present", id: image.id });
});

test("an image that somebody pruned is missing when a container is to be made of it", async () => {
  const engine = fakeRuntime();
  await expect(engine.create(spec, signal)).rejects.toMatchObject({
    fault: "missing",
    code: "image_missing",
  });
});

test("a script says what a container writes, answers and ends with", async () => {
  const engine = fakeRuntime({
    script: () => ({ output: "up\n", exec: ({ argv }) => ({ exitCode: 3, output: argv.join(" ") }) }),
  });
  engine.images.set(image.id, image);
  const { id } = await engine.create(spec, signal);
  await engine.start(id, signal);
  const end = await engine.exec(id, { argv: ["a", "b"], outputMax: 2 }, signal);
  expect([end.exitCode, Buffer.from(end.output).toString()]).toEqual([3, " b"]);
  const lines: string[] = [];
  const following = (async () => {
    for await (const chunk of engine.logs(id, { follow: true }, signal))
      lines.push(Buffer.from(chunk).toString());
  })();
  engine.write("web", "more\n");
  engine.end("web", 5);
  await following;
  expect(lines).toEqual(["up\n", "more\n"]);
  expect(await engine.inspect("web", signal)).toMatchObject({ state: "exited", exitCode: 5 });
  expect(engine.calls).toContain("create web");
});
