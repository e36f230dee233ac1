/** What the coordinator is told of what stands, and what is done and left undone for containers that nobody wants. */

import type { ObservedDeployments, Upward } from "@haversack/protocol";
import { expect, test } from "vitest";
import { until } from "../../../../tests/support/fake-clock.ts";
import { deployWork, deployWorld, hastyClock, specOf } from "../testing/deploy-world.ts";
import type { FakeRuntimeSettings } from "../testing/fake-runtime.ts";
import { DeploymentLogs } from "./deployment-logs.ts";
import { liveNames } from "./live-names.ts";
import { Observer } from "./observer.ts";
import { runDeploy } from "./run-deploy.ts";

async function observed(info: FakeRuntimeSettings["info"] = {}) {
  const world = await deployWorld(undefined, hastyClock(), info);
  const deploy = await world.deploy(deployWork());
  const live = liveNames();
  const told: Upward[] = [];
  const ups = new Set<() => void>();
  const stopping = new AbortController();
  let cluster: string | undefined = "fleet-a";
  const parts = {
    ...deploy,
    live,
    engine: async () => deploy,
    cluster: { current: async () => cluster, learn: (name: string) => void (cluster = name) },
    uplink: {
      send: (message: Upward) => void told.push(message),
      onUp: (listener: () => void) => {
        ups.add(listener);
        return () => ups.delete(listener);
      },
    },
  };
  const observer = new Observer(parts);
  let running: Promise<void> | undefined;
  return {
    world,
    live,
    parts,
    observer,
    told,
    signal: stopping.signal,
    /** What was told last, once it is so. */
    async sees(isSo: (seen: ObservedDeployments) => boolean): Promise<ObservedDeployments> {
      running ??= observer.run(stopping.signal).catch(() => {});
      const last = (): ObservedDeployments | undefined =>
        told.findLast((message) => message.kind === "deployments");
      await until(() => {
        for (const up of ups) up();
        const seen = last();
        return seen !== undefined && isSo(seen);
      }, "what the coordinator is told");
      return last() ?? { deployments: [] };
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await running;
      await world[Symbol.asyncDispose]();
    },
  };
}

test("all that stands of this worker is told, with how it ended; another worker's and another fleet's is not", async () => {
  await using it = await observed();
  const { world } = it;
  await runDeploy(await world.deploy(deployWork()), "h");
  await runDeploy(await world.deploy(deployWork({ name: "theirs" }), { workerId: "w-2" }), "h");
  await runDeploy(await world.deploy(deployWork({ name: "far", cluster: "fleet-b" })), "h");
  const seen = await it.sees(({ deployments }) => deployments.length > 0);
  expect(seen.deployments).toMatchObject([
    { name: "web", revision: 1, spec: specOf("1"), state: "running", busy: false },
  ]);
  world.engine.write("hv-web-1", "\u001b[31mlast words\u0007\n");
  world.engine.end("hv-web-1", 3);
  const ended = await it.sees(({ deployments }) => deployments[0]?.state === "exited");
  expect(ended.deployments).toMatchObject([{ state: "exited", exitCode: 3, lastLines: "last words" }]);
});

test("while an attempt is at work on a name, that is told", async () => {
  await using it = await observed();
  await runDeploy(await it.world.deploy(deployWork()), "h");
  const done = it.live.begin(deployWork());
  await it.sees(({ deployments }) => deployments[0]?.busy === true);
  done();
  await it.sees(({ deployments }) => deployments[0]?.busy === false);
});

test("an engine that does not answer is told as such, never as nothing", async () => {
  await using it = await observed();
  it.world.engine.goneBecause = "connection refused";
  const seen = await it.sees(({ unavailable }) => unavailable !== undefined);
  expect(seen).toMatchObject({ deployments: [], unavailable: expect.stringContaining("connection refused") });
});

test("a container whose secrets went with a restart of the host needs them, and a restore gives them back", async () => {
  await using it = await observed();
  const { world } = it;
  const secrets = new Map([["api-key", "s3cret-value"]]);
  const deploy = await world.deploy(deployWork(), { secrets });
  await runDeploy(deploy, "h");
  try {
    world.engine.end("hv-web-1", 137);
    await deploy.secretFiles.remove(deploy.work);
    await it.sees(({ deployments }) => deployments[0]?.state === "needs-secrets");
    const again = await world.deploy(deployWork({ restore: true }), { secrets, attempt: "run/step.2" });
    const end = await runDeploy(again, "h");
    expect(end.report).toMatchObject({ effect: "started", container: "fake-1", path: "build" });
    await it.sees(({ deployments }) => deployments[0]?.state === "running");
  } finally {
    await deploy.secretFiles.remove(deploy.work);
  }
});

test("what nobody wants goes only if it is exactly that, and nobody is at work on it", async () => {
  await using it = await observed();
  const { world, observer, signal } = it;
  await runDeploy(await world.deploy(deployWork()), "h");
  await runDeploy(await world.deploy(deployWork({ name: "theirs" }), { workerId: "w-2" }), "h");
  const wrong = [
    { name: "web", revision: 2, container: "fake-1" },
    { name: "other", revision: 1, container: "fake-1" },
    { name: "web", revision: 1, container: "hv-web-1" },
    { name: "theirs", revision: 1, container: "fake-2" },
  ];
  await observer.remove(wrong, signal);
  const done = it.live.begin(deployWork());
  await observer.remove([{ name: "web", revision: 1, container: "fake-1" }], signal);
  expect(world.standing()).toEqual(["hv-theirs-1 running", "hv-web-1 running"]);
  done();
  await observer.remove([{ name: "web", revision: 1, container: "fake-1" }], signal);
  expect(world.standing()).toEqual(["hv-theirs-1 running"]);
});

test("where the engine restarts nothing, what ended is started again, unless its policy says no", async () => {
  await using it = await observed({ restarts: false });
  const { world } = it;
  await runDeploy(await world.deploy(deployWork()), "h");
  await runDeploy(await world.deploy(deployWork({ name: "once", restart: "on-failure" })), "h");
  world.engine.end("hv-once-1", 0);
  world.engine.end("hv-web-1", 1);
  const seen = await it.sees(
    ({ deployments }) => deployments.find(({ name }) => name === "web")?.state === "running",
  );
  expect(seen.deployments.find(({ name }) => name === "once")?.state).toBe("exited");
});

test("a log is read with its secrets masked, and says why when it cannot be", async () => {
  await using it = await observed();
  const { world } = it;
  const deploy = await world.deploy(deployWork(), { secrets: new Map([["api-key", "s3cret-value"]]) });
  await runDeploy(deploy, "h");
  world.engine.write("hv-web-1", "the key is s3cret-");
  world.engine.write("hv-web-1", "value\n");
  const sent = new Map<number, string>();
  const logs = new DeploymentLogs(it.parts, {
    async sendDeploymentLog(id, pieces) {
      const got: Uint8Array[] = [];
      try {
        for await (const piece of pieces) got.push(piece);
        sent.set(id, Buffer.concat(got).toString());
      } catch (error) {
        sent.set(id, String(error));
      }
    },
  });
  const order = { name: "web", revision: 1, tail: 0, follow: false, end: false };
  logs.order({ ...order, id: 1 });
  logs.order({ ...order, id: 2, revision: 9 });
  await until(() => sent.size === 2);
  expect(sent.get(1)).toBe("the key is [secret]\n");
  expect(sent.get(2)).toContain("no container of revision 9");
  await deploy.secretFiles.remove(deploy.work);
});
