/** The engine dies while it makes the container of a deploy (I6): the attempt says so, and the next one ends with one container. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { runDeploy } from "../../packages/worker/src/deploy/run-deploy.ts";
import { ownEngine, withEngine } from "../support/container-engines.ts";
import { never, openEngineWorld } from "../support/deploy-engine.ts";
import { engineProxy } from "../support/engine-proxy.ts";

const create = /^POST \S*\/containers\/create/;
const host = "here";

withEngine("docker", "docker, killed in mid-create", () => {
  test("once before it has the container, once after: no second one, and the deployment heals", async () => {
    await using engine = await ownEngine("docker");
    await using proxy = await engineProxy(join(engine.folder, "proxy.sock"), engine.address);
    await using world = await openEngineWorld("docker", { address: proxy.address });
    await world.addBase();
    const killedWhile = async (what: "request" | "answer", attempt: string) => {
      const held = proxy.hold(what, create);
      const ending = runDeploy(await world.deploy(world.work(), { attempt }), host);
      await held;
      await engine.kill();
      const { report, error } = await ending;
      expect([what, error]).toMatchObject([what, { fault: "unavailable", code: "engine_unavailable" }]);
      expect(report.effect).toBe("none");
      // What could not be undone is said.
      expect(report.failures.join("\n")).toContain("removing the new container");
      await engine.startAgain();
      return (await world.runtime.list(world.cluster, never)).map(({ id, state }) => ({ id, state }));
    };
    expect(await killedWhile("request", "run/step.1")).toEqual([]);
    const [left, ...more] = await killedWhile("answer", "run/step.2");
    expect([left?.state, more]).toEqual(["created", []]);

    const third = await runDeploy(await world.deploy(world.work(), { attempt: "run/step.3" }), host);
    expect(third.report).toMatchObject({
      effect: "started",
      path: "image",
      failures: [],
      container: left?.id,
    });
    expect(await world.standing()).toEqual(["1 running"]);
    const [port] = third.report.ports;
    expect(await (await fetch(`http://${port?.address}:${port?.hostPort}/index.html`)).text()).toBe("ok\n");
  });
});
