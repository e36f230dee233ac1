/** From a deploy task to its result: outputs, secrets by name, both errors, and what a stop makes of it. */

import { abortable, FaultError } from "@haversack/base";
import type { Task } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { liveNames } from "../deploy/live-names.ts";
import { Observer } from "../deploy/observer.ts";
import { makeMasker } from "../mask/masker.ts";
import { taskOf } from "../testing/attempt-world.ts";
import { deployWork, deployWorld, goodBehaviour, specOf } from "../testing/deploy-world.ts";
import type { ContainerScript } from "../testing/fake-containers.ts";
import { DeployExecutor } from "./deploy-executor.ts";
import { StopRequest } from "./executor.ts";

async function executing(script?: ContainerScript, isSilent = false) {
  const world = await deployWorld(script);
  const deploy = await world.deploy(deployWork());
  const live = liveNames();
  const executor = new DeployExecutor({
    parts: deploy,
    engine: async (signal) => {
      if (isSilent) await abortable(new Promise<never>(() => {}), signal);
      return deploy;
    },
    host: "host-1",
    live,
    packFile: async () => "",
  });
  const written: string[] = [];
  const masker = makeMasker();
  const values = new Map([["vault-key", "s3cret-value"]]);
  const context = {
    folders: { work: "", control: "" },
    log: {
      write: async (_stream: string, data: Uint8Array) => void written.push(Buffer.from(data).toString()),
      note: (text: string) => void written.push(text),
    },
    env: new Map([["KEY", "s3cret-value"]]),
    masker,
    secret: async (from: object) => {
      const value = "secret" in from ? values.get(String(from.secret)) : undefined;
      if (value !== undefined) masker.arm([value]);
      return value;
    },
  };
  const stopping = new AbortController();
  const run = (work = deployWork(), more: Partial<Task> = {}) =>
    executor.execute(taskOf("web", { work, ...more }), context, stopping.signal);
  return {
    world,
    live,
    run,
    stopping,
    written,
    deploy,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

test("a deploy gives where it is, and its report", async () => {
  await using it = await executing();
  const end = await it.run();
  expect(end).toMatchObject({
    outcome: "succeeded",
    deployment: { effect: "started", path: "build", host: "host-1" },
  });
  const port = end.deployment?.ports[0]?.hostPort;
  expect(Object.fromEntries(end.outputs)).toEqual({
    id: "fake-1",
    host: "127.0.0.1",
    url: `http://127.0.0.1:${port}`,
    image: `sha256:${"d".repeat(64)}`,
    path: "build",
  });
  expect(it.live.has("web")).toBe(false);
});

test("secrets are asked for by name, become files and never variables; one that is missing fails before anything begins", async () => {
  await using it = await executing();
  const secrets = {
    variables: [{ variable: "API_KEY", from: { secret: "vault-key" } }],
    ofPack: ["vault-key"],
    token: new Uint8Array(),
  };
  const end = await it.run(deployWork(), { secrets });
  expect(end.outcome).toBe("succeeded");
  const [container] = it.world.engine.containers.values();
  expect(JSON.stringify([...(container?.spec.env ?? [])])).toBe(
    '[["LEVEL","debug"],["HAVERSACK_WAIT","start"]]',
  );
  expect(await it.deploy.secretFiles.values(deployWork())).toEqual(["s3cret-value", "s3cret-value"]);
  await it.deploy.secretFiles.remove(deployWork());
  const before = it.world.engine.calls.length;
  const missing = { ...secrets, variables: [{ variable: "OTHER", from: { secret: "nobody" } }] };
  const failed = await it.run(deployWork({ revision: 2 }), { secrets: missing });
  expect(failed.failure).toMatchObject({
    code: "secret_unavailable",
    message: expect.stringContaining("OTHER"),
  });
  expect(it.world.engine.calls.slice(before)).toEqual([]);
});

test("what the recipe writes is masked, wherever it is cut", async () => {
  const good = goodBehaviour();
  await using it = await executing((spec) => {
    const behaviour = good(spec);
    return {
      exec: (command, container) => {
        if (command.argv[0] === "/bin/sh")
          for (const piece of ["key s3cret-", "value\n"]) command.onOutput?.(Buffer.from(piece));
        return behaviour.exec?.(command, container) ?? { exitCode: 0 };
      },
    };
  });
  const secrets = { variables: [], ofPack: ["vault-key"], token: new Uint8Array() };
  await it.run(deployWork(), { secrets });
  await it.deploy.secretFiles.remove(deployWork());
  expect(it.written.join("")).toContain("key [secret]\n");
});

test("both errors are in the failure, in order", async () => {
  await using it = await executing(goodBehaviour({ exitCode: 127 }));
  it.world.addBase();
  it.world.engine.failNext("create", new FaultError("missing", "image_missing", "first: no image"));
  const { failure } = await it.run();
  expect(failure?.message).toMatch(/^1\. first: no image\n2\. the container hv-web-1 did not stay up/);
});

test.each([
  ["cancelled", { outcome: "cancelled" }],
  ["timeout", { outcome: "failed", failure: { code: "timeout" } }],
  ["shutdown", { outcome: "returned", failure: { code: "worker_stopped" } }],
  ["lease-lost", { outcome: "cancelled", failure: { code: "lease_lost" } }],
] as const)("stopped by %s nothing half-made stays", async (why, expected) => {
  await using it = await executing();
  const held = it.world.engine.holdNext("putFiles");
  const running = it.run(deployWork(), { timeoutMs: 1000 });
  await held.reached;
  expect(it.live.has("web")).toBe(true);
  it.stopping.abort(new StopRequest(why, 1000));
  expect(await running).toMatchObject({ ...expected, deployment: { effect: "none" } });
  expect(it.world.standing()).toEqual([]);
});

test("an engine that does not answer fails the attempt and says so", async () => {
  await using it = await executing();
  it.world.engine.goneBecause = "connection refused";
  const { failure } = await it.run();
  expect(failure).toMatchObject({
    code: "engine_unavailable",
    message: expect.stringContaining("connection refused"),
  });
});

describe("an order to remove a container and an attempt at its name", () => {
  /** The order to remove the container of revision 1, at the moment when the engine is asked to do something for it. */
  async function removing(it: Awaited<ReturnType<typeof executing>>, during: "inspect" | "remove") {
    await it.run();
    const observer = new Observer({
      ...it.deploy,
      live: it.live,
      engine: async () => it.deploy,
      cluster: { current: async () => "fleet-a", learn: () => {} },
      uplink: { send: () => {}, onUp: () => () => {} },
    });
    const held = it.world.engine.holdNext(during);
    const unwanted = [{ name: "web", revision: 1, container: "fake-1" }];
    const removed = observer.remove(unwanted, new AbortController().signal);
    await held.reached;
    const before = it.world.engine.calls.length;
    return { held, removed, calls: () => it.world.engine.calls.slice(before) };
  }
  const next = deployWork({ revision: 2, replaces: 1, spec: specOf("2") });
  const manyTurns = async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  test("take turns: an attempt that begins meanwhile finds what the removal left", async () => {
    await using it = await executing();
    const { held, removed, calls } = await removing(it, "remove");
    const running = it.run(next);
    await manyTurns();
    expect(calls()).toEqual([]);
    held.go();
    await removed;
    expect((await running).deployment).toMatchObject({ effect: "started", revision: 2 });
    expect(it.world.standing()).toEqual(["hv-web-2 running"]);
  });

  test("an attempt that began before anything was removed keeps the container", async () => {
    await using it = await executing();
    const { held, removed, calls } = await removing(it, "inspect");
    const running = it.run();
    held.go();
    await removed;
    expect((await running).deployment).toMatchObject({ effect: "unchanged", container: "fake-1" });
    expect(calls().filter((call) => /^(stop|remove|create)/.test(call))).toEqual([]);
  });

  test("one that is stopped while it waits has touched nothing", async () => {
    await using it = await executing();
    const { held, removed, calls } = await removing(it, "remove");
    const running = it.run(next);
    it.stopping.abort(new StopRequest("cancelled", 1000));
    expect(await running).toMatchObject({ outcome: "cancelled" });
    expect(calls()).toEqual([]);
    held.go();
    await removed;
    expect([it.world.standing(), it.live.has("web")]).toEqual([[], false]);
  });
});

test("an engine that takes the question and says nothing keeps no cancel waiting", async () => {
  await using it = await executing(undefined, true);
  const ending = it.run();
  it.stopping.abort(new StopRequest("cancelled", 1000));
  expect(await ending).toMatchObject({ outcome: "cancelled", failure: { code: "cancelled" } });
  expect([it.live.has("web"), it.world.engine.containers.size]).toEqual([false, 0]);
});
