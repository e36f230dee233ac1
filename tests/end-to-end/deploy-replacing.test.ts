/** What is not as it should be under a deploy on a real engine: a foreign image, a folder that became a link; and start-first. */

import { readdir, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runDeploy } from "../../packages/worker/src/deploy/run-deploy.ts";
import { withEngine } from "../support/container-engines.ts";
import { never, openEngineWorld, serve, specOf } from "../support/deploy-engine.ts";
import { until } from "../support/fake-clock.ts";
import { tempFolder } from "../support/temp-folder.ts";

const host = "here";

withEngine("docker", "what is not as it should be, on docker", () => {
  test.concurrent("an image of another architecture under the id of the base image costs one build, and is not chosen again", async () => {
    await using world = await openEngineWorld("docker");
    await world.addBase(foreignArch);
    const end = await runDeploy(await world.deploy(world.work()), host);
    expect(end.report).toMatchObject({ effect: "started", path: "build", fellBack: true });
    expect(end.report.failures).toHaveLength(1);
    expect(world.images.calls).toContain("turnedOut corrupt");
    expect(await world.standing()).toEqual(["1 running"]);
  });

  test.concurrent("start-first: both answer until the new one is healthy, each at its own address, then only the new one", async () => {
    await using world = await openEngineWorld("docker");
    await world.addBase();
    const volumes = [{ name: "gate", path: "/gate", readOnly: true }];
    const work = world.work({ volumes, command: serve("echo one > /tmp/who") });
    const first = await runDeploy(await world.deploy(work), host);
    expect(first.report).toMatchObject({ effect: "started", failures: [] });
    const probe = { kind: "command", argv: ["/bin/sh", "-c", "test -e /gate/open"] } as const;
    const next = world.work({
      volumes,
      command: serve("echo two > /tmp/who"),
      revision: 2,
      replaces: 1,
      spec: specOf("2"),
      startFirst: true,
      health: { probe, port: 8080, intervalMs: 200, timeoutMs: 2000, withinMs: 20_000 },
    });
    const ending = runDeploy(await world.deploy(next), host);
    const who = async (at: HostPort | undefined): Promise<string> =>
      (await fetch(`http://${at?.address}:${at?.hostPort}/who`)).text();
    const ofNext = async (): Promise<HostPort | undefined> =>
      (await world.runtime.inspect(`hv-${work.name}-2`, never))?.ports[0];
    await until(async () => (await who(await ofNext()).catch(() => "")) === "two\n");
    expect([await who(first.report.ports[0]), await world.standing()]).toEqual([
      "one\n",
      ["1 running", "2 running"],
    ]);
    await writeFile(join(world.data, "volumes", work.name, "gate", "open"), "");
    const second = await ending;
    expect(second.report).toMatchObject({ effect: "started", failures: [], revision: 2 });
    expect(second.report.ports[0]?.hostPort).not.toBe(first.report.ports[0]?.hostPort);
    expect([await who(second.report.ports[0]), await world.standing()]).toEqual(["two\n", ["2 running"]]);
    await expect(who(first.report.ports[0])).rejects.toThrow("fetch failed");
  });

  test.concurrent("a volume whose folder became a link is refused; what it leads to is not touched, what stands stays", async () => {
    await using world = await openEngineWorld("docker");
    await world.addBase();
    await using outside = await tempFolder();
    const volumes = [{ name: "notes", path: "/data", readOnly: false }];
    const work = world.work({ volumes, command: serve("echo > /data/mine") });
    const first = await runDeploy(await world.deploy(work), host);
    expect(first.report).toMatchObject({ effect: "started", failures: [] });
    const parent = join(world.data, "volumes", work.name);
    await rename(parent, `${parent}.before`);
    await symlink(outside.path, parent);
    const next = { ...work, revision: 2, replaces: 1, spec: specOf("2") };
    const second = await runDeploy(await world.deploy(next), host);
    expect(second.error).toMatchObject({
      code: "own_folder_refused",
      message: expect.stringContaining("is a link"),
    });
    expect([await readdir(outside.path), await world.standing()]).toEqual([[], ["1 running"]]);
    await runDeploy(await world.deploy({ ...next, absent: true, removeVolumes: true }), host);
    expect([await readdir(`${parent}.before/notes`), (await stat(outside.path)).isDirectory()]).toEqual([
      ["mine"],
      true,
    ]);
  });
});

const foreignArch = process.arch === "arm64" ? "x64" : "arm64";

interface HostPort {
  readonly address: string;
  readonly hostPort: number;
}
