/** One deploy after another on a container engine in memory: both paths, replacing, rolling back, adopting, stopping. */

import { FaultError } from "@haversack/base";
import { array, assert, asyncProperty, constantFrom } from "fast-check";
import { expect, test } from "vitest";
import { imageCorrupt, portTaken } from "../runtime/runtime-faults.ts";
import { deployWork, deployWorld, goodBehaviour, specOf } from "../testing/deploy-world.ts";
import { runDeploy } from "./run-deploy.ts";

const host = "host-1";
const health = {
  probe: { kind: "command", argv: ["/bin/check"] },
  intervalMs: 1000,
  timeoutMs: 1000,
  withinMs: 5000,
} as const;
const phasesOf = ({ report }: Awaited<ReturnType<typeof runDeploy>>): string[] =>
  report.phases.map(({ name }) => name);

test("without the image it is built at once, and the image is asked for when the container is there", async () => {
  await using world = await deployWorld();
  const end = await runDeploy(await world.deploy(deployWork()), host);
  expect(end.error).toBeUndefined();
  expect(end.report).toMatchObject({
    effect: "started",
    path: "build",
    fellBack: false,
    reason: "the image is absent",
    engine: "docker",
    host,
    failures: [],
  });
  expect(phasesOf(end)).toEqual(
    "inspect choose pull create confirm start build alive health switch settle".split(" "),
  );
  expect(world.images.calls.slice(0, 3)).toEqual(["choose", expect.stringMatching(/^fetch /), "ensure"]);
  expect(world.images.leases.size).toBe(0);
  expect(Buffer.concat(world.output).toString()).toBe("haversack phase check\n");
  expect(world.standing()).toEqual(["hv-web-1 running"]);
});

test("from the image nothing is fetched and nothing built, and the container has what it may have", async () => {
  await using world = await deployWorld();
  world.addBase();
  const end = await runDeploy(
    await world.deploy(deployWork({ volumes: [{ name: "notes", path: "/data", readOnly: false }] })),
    host,
  );
  expect(end.report).toMatchObject({ effect: "started", path: "image", stamp: "2026.11.1" });
  expect(phasesOf(end)).not.toContain("build");
  expect(world.images.calls).toEqual(["choose", "leasesOf hv-web-1"]);
  const [container] = world.engine.containers.values();
  expect(container?.spec).toMatchObject({
    user: "10001:10001",
    readOnlyRoot: true,
    capabilities: [],
    limits: { cpuMillis: 1000, memoryBytes: 536_870_912, pids: 512 },
    mounts: [{ source: `${world.folder}/volumes/web/notes`, target: "/data", readOnly: false }],
  });
  expect(container?.spec.ports).toMatchObject([{ containerPort: 8080, address: "127.0.0.1" }]);
  expect(end.report.ports[0]?.hostPort).toBeGreaterThan(0);
});

test.each([
  ["pruned meanwhile", "turnedOut absent", new FaultError("missing", "image_missing", "no such image")],
  [
    "of another architecture",
    "turnedOut corrupt",
    imageCorrupt("wrong_platform", "its architecture is arm64"),
  ],
])("an image that is %s costs one build in the same attempt", async (_what, call, fault) => {
  await using world = await deployWorld();
  world.addBase();
  world.engine.failNext("create", fault);
  const end = await runDeploy(await world.deploy(deployWork()), host);
  expect(end.report).toMatchObject({
    effect: "started",
    path: "build",
    fellBack: true,
    failures: [fault.message],
  });
  // Those of both launches, each once.
  expect(phasesOf(end)).toEqual(
    "inspect choose create pull create confirm start build alive health switch settle".split(" "),
  );
  expect(world.images.calls).toEqual(expect.arrayContaining([call, "ensure"]));
  expect(world.images.leases.size).toBe(0);
  expect(world.standing()).toEqual(["hv-web-1 running"]);
});

test("process 1 that ends is tried from the build path, once, and both errors are told in order", async () => {
  await using world = await deployWorld(goodBehaviour({ exitCode: 127, output: "no such program\n" }));
  world.addBase();
  const end = await runDeploy(await world.deploy(deployWork()), host);
  expect(end.report).toMatchObject({ effect: "none", fellBack: true });
  expect(end.report.failures).toHaveLength(2);
  for (const failure of end.report.failures)
    expect(failure).toMatch(/exit code 127; it wrote last:\nno such program/);
  expect(world.engine.calls.filter((call) => call.startsWith("create"))).toHaveLength(2);
  expect(world.standing()).toEqual([]);
});

test("content that the task does not name makes the image corrupt", async () => {
  const good = goodBehaviour();
  await using world = await deployWorld((spec) =>
    spec.image === "base-image" ? { exec: () => ({ exitCode: 0, output: '{"format":"x"}' }) } : good(spec),
  );
  world.addBase();
  const end = await runDeploy(await world.deploy(deployWork()), host);
  expect(end.report).toMatchObject({ path: "build", fellBack: true });
  expect(world.images.calls).toContain("turnedOut corrupt");
});

test("a port that somebody takes in the meantime is chosen anew; one that stays taken fails without a build", async () => {
  await using world = await deployWorld();
  world.addBase();
  world.engine.failNext("start", portTaken("127.0.0.1:1"));
  expect((await runDeploy(await world.deploy(deployWork()), host)).report.effect).toBe("started");
  for (let tries = 0; tries < 3; tries++) world.engine.failNext("start", portTaken("127.0.0.1:1"));
  const end = await runDeploy(await world.deploy(deployWork({ name: "other" })), host);
  expect(end.error).toMatchObject({ code: "port_taken" });
  expect(end.report).toMatchObject({ effect: "none", fellBack: false });
  expect(world.standing()).toEqual(["hv-web-1 running"]);
});

test("the same spec, running and well, is left alone", async () => {
  await using world = await deployWorld();
  await runDeploy(await world.deploy(deployWork()), host);
  const before = world.engine.calls.length;
  const end = await runDeploy(await world.deploy(deployWork({ revision: 2, replaces: 1 })), host);
  expect(end.report).toMatchObject({ effect: "unchanged", revision: 1, container: "fake-1", path: "build" });
  const touched = world.engine.calls.slice(before).filter((call) => /^(create|start|stop|remove)/.test(call));
  expect(touched).toEqual([]);
});

test("another spec takes the place of the old one and keeps its port", async () => {
  await using world = await deployWorld();
  const first = await runDeploy(await world.deploy(deployWork()), host);
  const end = await runDeploy(
    await world.deploy(deployWork({ revision: 2, replaces: 1, spec: specOf("2") })),
    host,
  );
  expect(end.report.effect).toBe("started");
  expect(end.report.ports).toEqual(first.report.ports);
  expect(world.standing()).toEqual(["hv-web-2 running"]);
});

test("one that does not become healthy is removed, and the old one is started again", async () => {
  const good = goodBehaviour();
  await using world = await deployWorld((spec) => {
    const behaviour = good(spec);
    const isBad = spec.labels.get("haversack.revision") === "2";
    return {
      ...behaviour,
      exec: (command, container) =>
        isBad && command.argv[0] === "/bin/check"
          ? { exitCode: 1, output: "not yet" }
          : (behaviour.exec?.(command, container) ?? { exitCode: 0 }),
    };
  });
  await runDeploy(await world.deploy(deployWork({ health })), host);
  const next = deployWork({ revision: 2, replaces: 1, spec: specOf("2"), health });
  const end = await runDeploy(await world.deploy(next), host);
  expect(end.error).toMatchObject({ code: "unhealthy", message: expect.stringContaining("not yet") });
  expect(end.report).toMatchObject({ effect: "rolled-back", revision: 1, spec: specOf("1") });
  expect(world.standing()).toEqual(["hv-web-1 running"]);
  const never = await runDeploy(await world.deploy({ ...next, rollback: false }), host);
  expect(never.report.effect).toBe("none");
  expect(world.standing()).toEqual(["hv-web-1 exited"]);
});

test("start-first lets the old one run until the new one is well, and refuses a volume that both would write to", async () => {
  await using world = await deployWorld();
  const volumes = [{ name: "notes", path: "/data", readOnly: false }];
  const first = await runDeploy(await world.deploy(deployWork({ volumes })), host);
  const next = deployWork({ revision: 2, replaces: 1, spec: specOf("2"), startFirst: true });
  const refused = await runDeploy(await world.deploy({ ...next, volumes }), host);
  expect(refused.error).toMatchObject({ code: "volume_shared" });
  expect(world.standing()).toEqual(["hv-web-1 running"]);
  const end = await runDeploy(await world.deploy(next), host);
  expect(end.report.effect).toBe("started");
  expect(end.report.ports[0]?.hostPort).not.toBe(first.report.ports[0]?.hostPort);
  expect(world.engine.calls.findIndex((call) => call === "stop fake-1")).toBeGreaterThan(
    world.engine.calls.findIndex((call) => call === "create hv-web-2"),
  );
  expect(world.standing()).toEqual(["hv-web-2 running"]);
});

test("what an attempt that crashed left half made is taken over, and provisioned", async () => {
  await using world = await deployWorld();
  const crashed = await world.deploy(deployWork());
  // As after kill -9: it was created, and nothing of it was undone.
  world.engine.holdNext("start");
  const dying = runDeploy(crashed, host);
  await untilCalled(world.engine.calls, "start fake-1");
  dying.catch(() => {});
  const end = await runDeploy(await world.deploy(deployWork(), { attempt: "run/step.2" }), host);
  expect(end.report).toMatchObject({ effect: "started", container: "fake-1" });
  expect(world.engine.calls.filter((call) => call.startsWith("create"))).toHaveLength(1);
  expect(world.notes.join("\n")).toContain("taking over hv-web-1");
});

test("a name that is somebody else's is refused, and theirs is left alone", async () => {
  await using world = await deployWorld();
  world.addBase();
  const theirs = await world.deploy(deployWork(), { workerId: "w-2" });
  await runDeploy(theirs, host);
  const end = await runDeploy(await world.deploy(deployWork()), host);
  expect(end.error).toMatchObject({ code: "name_taken" });
  expect(world.standing()).toEqual(["hv-web-1 running"]);
});

test("a lease that is lost before the switch leaves nothing new, and the old one runs again", async () => {
  await using world = await deployWorld();
  await runDeploy(await world.deploy(deployWork()), host);
  const held = world.engine.holdNext("start");
  const next = deployWork({ revision: 2, replaces: 1, spec: specOf("2"), rollback: false });
  const deploying = runDeploy(await world.deploy(next), host);
  await held.reached;
  world.ending.abort(new Error("lease lost"));
  const end = await deploying;
  expect(end.report).toMatchObject({ effect: "rolled-back", revision: 1 });
  expect(world.standing()).toEqual(["hv-web-1 running"]);
});

test("undeploy stops, removes and confirms; volumes go only when that is said", async () => {
  await using world = await deployWorld();
  const volumes = [{ name: "notes", path: "/data", readOnly: false }];
  await runDeploy(await world.deploy(deployWork({ volumes })), host);
  const gone = await runDeploy(await world.deploy(deployWork({ absent: true, removeVolumes: true })), host);
  expect(gone.report).toMatchObject({ effect: "removed" });
  expect(world.standing()).toEqual([]);
  expect((await runDeploy(await world.deploy(deployWork({ absent: true })), host)).report.effect).toBe(
    "removed",
  );
});

test("a step that waits for the image gets it, or builds when it does not come", async () => {
  await using world = await deployWorld();
  world.engine.images.set("base-image", { id: "base-image", arch: "x64" });
  const late = await runDeploy(await world.deploy(deployWork({ waitForImageMs: 30_000 })), host);
  expect(late.report).toMatchObject({ path: "build", reason: expect.stringContaining("30 s of waiting") });
  world.images.comesWhenWaited = "base-image";
  const other = deployWork({ name: "other", waitForImageMs: 30_000 });
  const end = await runDeploy(await world.deploy(other), host);
  expect(end.report).toMatchObject({ path: "image" });
  expect(phasesOf(end)).toContain("wait");
});

test("whatever becomes of the prefetch, the deploy ends in the same way (F1)", async () => {
  const whatHappens = constantFrom("throws", "comes at once", "goes", "engine asked", "nothing");
  const runs = asyncProperty(array(whatHappens, { minLength: 1, maxLength: 3 }), async (happens) => {
    await using world = await deployWorld();
    for (const [index, what] of happens.entries()) {
      world.images.imageId = undefined;
      world.images.onEnsure = () => {
        if (what === "comes at once") world.addBase();
        if (what === "goes") world.engine.images.delete("base-image");
        if (what === "engine asked")
          void world.engine.inspectImage({ id: "x", arch: "x64" }, world.ending.signal);
        if (what === "throws") throw new Error("no disk");
      };
      const work = deployWork({ revision: index + 1, spec: specOf(String(index)) });
      const { error, report } = await runDeploy(await world.deploy(work), host);
      expect([error, report.effect, report.path, report.failures]).toEqual([
        undefined,
        "started",
        "build",
        [],
      ]);
    }
  });
  await assert(runs, { numRuns: 40 });
});

async function untilCalled(calls: readonly string[], call: string): Promise<void> {
  while (!calls.includes(call)) await new Promise((resolve) => setImmediate(resolve));
}
