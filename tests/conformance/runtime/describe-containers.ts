/** The life of a container, and what stands in its way. */

import { chmod, readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import type { ImageIdentity } from "../../../packages/worker/src/runtime/runtime.ts";
import { tempFolder } from "../../support/temp-folder.ts";

import {
  containerSpec,
  ended,
  exitCode,
  launched,
  made,
  never,
  type RuntimeWorld,
  sharedImage,
  waitForTerm,
} from "./runtime-world.ts";

export function describeContainers(the: () => RuntimeWorld, runs: boolean): void {
  const imageOf = sharedImage(the);
  describeLife(the, imageOf);
  describeRefusals(the, imageOf);
  describeSignals(the, imageOf, runs);
  if (!runs) return;
  describeEnds(the, imageOf);
  describeReach(the, imageOf);
}

function describeLife(the: () => RuntimeWorld, imageOf: () => ImageIdentity): void {
  test("a container is created, runs, is stopped, and is gone", async () => {
    const { runtime, cluster } = the();
    const spec = containerSpec(the(), imageOf());
    const { id } = await runtime.create(spec, never);
    expect(await runtime.inspect(id, never)).toMatchObject({ id, name: spec.name, state: "created" });
    await runtime.start(id, never);
    await runtime.start(id, never);
    expect(await runtime.inspect(spec.name, never)).toMatchObject({ id, state: "running" });
    expect((await runtime.list(cluster, never)).map((each) => each.id)).toEqual([id]);
    expect(await runtime.list(`not-${cluster}`, never)).toEqual([]);
    await runtime.stop(id, 5000, never);
    const view = await runtime.inspect(id, never);
    expect(view?.state).toBe("exited");
    if ((await runtime.describe(never)).exitCodes) {
      expect(view?.finishedAt ?? 0).toBeGreaterThanOrEqual(view?.startedAt ?? 0);
    }
    await runtime.stop(id, 5000, never);
    await runtime.kill(id, never);
    await runtime.remove(id, never);
    expect(await runtime.inspect(id, never)).toBeUndefined();
    await runtime.remove(id, never);
  });

  test("a container that runs is killed, and removed", async () => {
    const { runtime } = the();
    await using container = await launched(the(), containerSpec(the(), imageOf()));
    await runtime.kill(container.id, never);
    expect(await container.view()).toMatchObject({ state: "exited", ...(await exitCode(the(), 137)) });
    await runtime.start(container.id, never);
    expect((await container.view()).state).toBe("running");
    await runtime.remove(container.id, never);
    expect(await runtime.inspect(container.id, never)).toBeUndefined();
  });

  test("what was asked for can be looked up before it starts", async () => {
    const spec = containerSpec(the(), imageOf(), {
      capabilities: ["CHOWN", "SETUID"],
      restart: "on-failure",
      mounts: [
        { source: "/etc/hostname", target: "/run/a", readOnly: true },
        { source: "/tmp", target: "/run/b", readOnly: false },
      ],
      ports: [{ containerPort: 8080, address: "127.0.0.1", hostPort: 0 }],
      network: "own",
    });
    await using container = await made(the(), spec);
    const view = await container.view();
    expect(view.labels.get("haversack.deployment")).toBe("web");
    expect(view).toMatchObject({
      state: "created",
      readOnlyRoot: true,
      privileged: false,
      user: "10001:10001",
      hostNamespaces: [],
      devices: [],
      limits: spec.limits,
    });
    // Also where nothing comes of it: the worker has to know.
    expect(view.restart).toBe("on-failure");
    expect(view.capabilities?.toSorted()).toEqual(["CHOWN", "SETUID"]);
    expect(view.mounts.toSorted((a, b) => (a.target < b.target ? -1 : 1))).toEqual(spec.mounts);
    expect(view.ports).toMatchObject([{ containerPort: 8080, address: "127.0.0.1" }]);
  });
}

function describeRefusals(the: () => RuntimeWorld, imageOf: () => ImageIdentity): void {
  test("a name belongs to one container, which can be adopted by it", async () => {
    const spec = containerSpec(the(), imageOf());
    await using first = await made(the(), spec);
    const second = the().runtime.create(spec, never);
    await expect(second).rejects.toMatchObject({ fault: "conflict", code: "name_taken" });
    const adopted = await the().runtime.inspect(spec.name, never);
    expect(adopted?.id).toBe(first.id);
    expect(adopted?.labels.get("haversack.cluster")).toBe(the().cluster);
  });

  test("an image that somebody pruned is missing", async () => {
    const id = `sha256:${"ab".repeat(32)}`;
    const created = the().runtime.create(containerSpec(the(), { id, arch: imageOf().arch }), never);
    await expect(created).rejects.toMatchObject({ fault: "missing", code: "image_missing" });
  });

  test("a port of the host belongs to one container", async () => {
    const port = (hostPort: number) => ({
      ports: [{ containerPort: 80, address: "127.0.0.1", hostPort }],
      network: "own" as const,
    });
    await using first = await launched(the(), containerSpec(the(), imageOf(), port(0)));
    const [taken] = (await first.view()).ports;
    expect(taken?.hostPort).toBeGreaterThan(0);
    const name = `hv-${the().cluster}-2`;
    const spec = containerSpec(the(), imageOf(), { ...port(taken?.hostPort ?? 0), name });
    await using second = await made(the(), spec);
    const started = the().runtime.start(second.id, never);
    await expect(started).rejects.toMatchObject({ fault: "conflict", code: "port_taken" });
  });

  test("one that is not there is missing, or nothing", async () => {
    const { runtime } = the();
    const missing = { fault: "missing", code: "container_missing" };
    expect(await runtime.inspect("hv-nobody", never)).toBeUndefined();
    await expect(runtime.start("hv-nobody", never)).rejects.toMatchObject(missing);
    await expect(runtime.exec("hv-nobody", { argv: ["true"], outputMax: 1 }, never)).rejects.toMatchObject(
      missing,
    );
    await expect(runtime.putFiles("hv-nobody", [], never)).rejects.toMatchObject(missing);
    await runtime.remove("hv-nobody", never);
  });
}

function describeSignals(the: () => RuntimeWorld, imageOf: () => ImageIdentity, runs: boolean): void {
  test("a call whose signal has fired does nothing", async () => {
    const { runtime, cluster } = the();
    const fired = AbortSignal.abort();
    const created = runtime.create(containerSpec(the(), imageOf()), fired);
    await expect(created).rejects.toMatchObject({ fault: "cancelled" });
    await expect(runtime.list(cluster, fired)).rejects.toMatchObject({ fault: "cancelled" });
    expect(await runtime.inspectImage(imageOf(), fired)).toMatchObject({ kind: "unknown" });
  });

  test("a change of a container is told", async () => {
    const stopping = new AbortController();
    const { runtime } = the();
    let told = 0;
    const watching = runtime.watch(() => void (told += 1), stopping.signal);
    if (runs) await expect.poll(() => told).toBeGreaterThan(0);
    const before = told;
    await using container = await launched(the(), containerSpec(the(), imageOf()));
    await expect.poll(() => told).toBeGreaterThan(before);
    const running = told;
    await runtime.kill(container.id, never);
    await expect.poll(() => told).toBeGreaterThan(running);
    stopping.abort();
    await watching;
  });
}

function describeEnds(the: () => RuntimeWorld, imageOf: () => ImageIdentity): void {
  test.each([
    ["exit 0", 0],
    ["exit 7", 7],
    ["sh -c 'kill -9 $$'; exit $?", 137],
  ])("%s is exit code %i", async (script, code) => {
    const spec = containerSpec(the(), imageOf(), { entrypoint: ["/bin/sh", "-c", script] });
    await using container = await launched(the(), spec);
    expect(await ended(the(), container)).toMatchObject({
      state: "exited",
      ...(await exitCode(the(), code)),
    });
  });

  test("one that does not want to end is killed after the grace", async () => {
    const entrypoint = ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"];
    await using container = await launched(the(), containerSpec(the(), imageOf(), { entrypoint }));
    await the().runtime.stop(container.id, 1000, never);
    expect(await container.view()).toMatchObject({ state: "exited", ...(await exitCode(the(), 137)) });
  });

  test("a program that is not there does not start", async () => {
    await using container = await made(the(), containerSpec(the(), imageOf(), { entrypoint: ["/no/such"] }));
    await expect(the().runtime.start(container.id, never)).rejects.toMatchObject({ fault: "invalid" });
    expect((await container.view()).state).not.toBe("running");
  });
}

function describeReach(the: () => RuntimeWorld, imageOf: () => ImageIdentity): void {
  test("one that fails is started again, if that was asked for", async ({ skip }) => {
    skip(!(await the().runtime.describe(never)).restarts, "its containers are restarted by the worker");
    const script = "test -e /run/x/again && exec sleep 1000; touch /run/x/again; exit 1";
    await using folder = await tempFolder();
    await chmod(folder.path, 0o777);
    const mounts = [{ source: folder.path, target: "/run/x", readOnly: false }];
    const entrypoint = ["/bin/sh", "-c", script];
    const spec = containerSpec(the(), imageOf(), { entrypoint, mounts, restart: "on-failure" });
    await using container = await launched(the(), spec);
    await expect.poll(async () => (await readdir(folder.path)).length).toBe(1);
    await expect.poll(async () => (await container.view()).state, { timeout: 20_000 }).toBe("running");
  });

  test("it is reached at its own address, and at the published port", async () => {
    const script = `mkdir /tmp/www; echo hello > /tmp/www/index.html; httpd -p 8080 -h /tmp/www; ${waitForTerm}`;
    const ports = [{ containerPort: 8080, address: "127.0.0.1", hostPort: 0 }];
    const entrypoint = ["/bin/sh", "-c", script];
    await using container = await launched(
      the(),
      containerSpec(the(), imageOf(), { entrypoint, ports, network: "own" }),
    );
    const { address, ports: published } = await container.view();
    const urls = [`http://${address}:8080/`, `http://127.0.0.1:${published[0]?.hostPort}/`];
    for (const url of urls) {
      await expect.poll(() => fetch(url).then((answer) => answer.text(), String)).toBe("hello\n");
    }
  });
}
