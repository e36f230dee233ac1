/** Deploys on real engines: both paths, what falls back, what is rolled back, what a killed worker left, what never leaks. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runDeploy } from "../../packages/worker/src/deploy/run-deploy.ts";
import { statesSeen } from "../../packages/worker/src/testing/real-deploy.ts";
import { engineKinds, withEngine } from "../support/container-engines.ts";
import { type DeployEngine, never, openEngineWorld, serve, specOf } from "../support/deploy-engine.ts";
import { until } from "../support/fake-clock.ts";

const host = "here";

for (const engine of engineKinds) {
  withEngine(engine, `deploys on ${engine}`, () => tests(engine));
}

function tests(engine: DeployEngine): void {
  test.concurrent("one name, from the build path to the image, through a fall back and a roll back, to its end", async () => {
    await using world = await openEngineWorld(engine);
    const volumes = [{ name: "notes", path: "/data", readOnly: false }];
    const command = serve("echo > /data/$(id -u)");
    const work = world.work({ volumes, command });
    const first = await runDeploy(await world.deploy(work), host);
    expect(first.report).toMatchObject({ effect: "started", path: "build", failures: [], fellBack: false });
    expect(Buffer.concat(world.output).toString()).toBe("haversack phase check\nhaversack phase finish\n");
    const [port] = first.report.ports;
    const answer = await fetch(`http://${port?.address}:${port?.hostPort}/index.html`);
    expect(await answer.text()).toBe("ok\n");
    const same = await runDeploy(await world.deploy({ ...work, revision: 2, replaces: 1 }), host);
    expect(same.report).toMatchObject({ effect: "unchanged", revision: 1 });

    await world.addBase();
    const second = await runDeploy(
      await world.deploy({ ...work, revision: 2, replaces: 1, spec: specOf("2") }),
      host,
    );
    expect(second.report).toMatchObject({ failures: [], effect: "started", path: "image" });
    expect(second.report.ports).toEqual(first.report.ports);
    expect(await world.standing()).toEqual(["2 running"]);
    expect(await readdir(join(world.data, "volumes", work.name, "notes"))).toContain("10001");

    const bad = world.work({
      revision: 3,
      replaces: 2,
      spec: specOf("3"),
      health: { ...health, probe: { kind: "command", argv: ["/bin/sh", "-c", "echo not today; exit 1"] } },
    });
    const third = await runDeploy(await world.deploy(bad), host);
    expect(third.error).toMatchObject({ code: "unhealthy", message: expect.stringContaining("not today") });
    expect(third.report).toMatchObject({
      effect: "rolled-back",
      revision: 2,
      container: second.report.container,
    });
    expect(await world.standing()).toEqual(["2 running"]);

    const end = await runDeploy(await world.deploy({ ...work, absent: true, removeVolumes: true }), host);
    expect(end.report).toMatchObject({ effect: "removed" });
    expect(await world.standing()).toEqual([]);
  });

  test.concurrent("an image that somebody removes between the choice and the container costs one build", async () => {
    await using world = await openEngineWorld(engine);
    await world.addBase();
    await world.removeBase();
    const end = await runDeploy(await world.deploy(world.work()), host);
    expect(end.report).toMatchObject({ effect: "started", path: "build", fellBack: true });
    expect(end.report.failures).toHaveLength(1);
    expect(world.images.calls).toEqual(expect.arrayContaining(["turnedOut absent", "ensure"]));
  });

  test.concurrent("secrets are files of the container's user, and nowhere else; the root is read-only", async () => {
    await using world = await openEngineWorld(engine);
    await world.addBase();
    const value = "s3cret-value-of-the-vault";
    const secrets = new Map([["api-key", value]]);
    const packFile = join(world.data, "pack");
    await writeFile(packFile, "of the agent");
    const deploy = await world.deploy(world.work(), { secrets, packFile });
    const end = await runDeploy(deploy, host);
    expect(end.report).toMatchObject({ failures: [], effect: "started", path: "image" });
    const id = end.report.container ?? "";
    const run = async (script: string) => {
      const command = { argv: ["/bin/sh", "-c", script], outputMax: 4096, user: "10001:10001" };
      const { exitCode, output } = await world.runtime.exec(id, command, never);
      return { exitCode, output: Buffer.from(output).toString() };
    };
    expect(
      await run("cat /run/haversack/secrets/api-key; stat -c %a:%u /run/haversack/secrets/api-key"),
    ).toEqual({
      exitCode: 0,
      output: `${value}400:10001\n`,
    });
    const pack = "/run/haversack/snapshot.pack";
    expect(await run(`cat ${pack}; stat -c ' %a:%u' ${pack}`)).toMatchObject({
      output: "of the agent 400:10001\n",
    });
    expect(
      (await run("touch /x || touch /run/haversack/x || echo > /run/haversack/secrets/api-key")).exitCode,
    ).not.toBe(0);
    expect((await run("env; cat /proc/1/environ")).output).not.toContain(value);
    const view = await world.runtime.inspect(id, never);
    const shown = [
      JSON.stringify([...(view?.labels ?? [])]),
      JSON.stringify(view),
      ...world.notes,
      JSON.stringify(end),
    ];
    expect(shown.join("\n")).not.toContain(value);

    // The host restarts: what was in memory is gone.
    await world.runtime.stop(id, 10_000, never);
    await deploy.secretFiles.remove(deploy.work);
    expect(await statesSeen(deploy)).toEqual(["needs-secrets"]);
    await expect(world.runtime.start(id, never)).rejects.toMatchObject({ fault: expect.any(String) });
    const restored = await runDeploy(
      { ...deploy, attempt: "run/step.2", work: { ...deploy.work, restore: true } },
      host,
    );
    expect(restored.report).toMatchObject({ failures: [], effect: "started", container: id });
    expect(await run("cat /run/haversack/secrets/api-key")).toEqual({ exitCode: 0, output: value });
  });

  test.concurrent("what a worker that was killed had made is taken over by the next attempt", async () => {
    const gate = { before: "until [ -e /gate/open ]; do sleep 0.05; done" };
    const volumes = [{ name: "gate", path: "/gate", readOnly: false }];
    await using world = await openEngineWorld(engine, gate);
    const work = world.work({ volumes });
    const program = new URL("../support/deploy-process.ts", import.meta.url).pathname;
    const args = [program, engine, world.cluster, world.data, gate.before];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
    // It made the container, and waits in the middle of its recipe.
    const exit = once(child, "exit");
    const ended = exit.then(([code]) =>
      Promise.reject(new Error(`the deploy ended too early, with ${code}`)),
    );
    await Promise.race([until(async () => (await world.standing())[0] === "1 running"), ended]);
    child.kill("SIGKILL");
    await exit;
    const [before] = await world.runtime.list(world.cluster, never);
    await writeFile(join(world.data, "volumes", work.name, "gate", "open"), "");
    const end = await runDeploy(await world.deploy(work, { attempt: "run/step.2" }), host);
    expect(end.report).toMatchObject({ effect: "started", container: before?.id, path: "build" });
    expect(await world.standing()).toEqual(["1 running"]);
  });
}

const health = {
  probe: { kind: "tcp" },
  port: 8080,
  intervalMs: 200,
  timeoutMs: 2000,
  withinMs: 1500,
} as const;
