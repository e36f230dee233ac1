/** Deploys on real engines, from the DAG to the container: what a user sees, with the base image on its way. */

import type { DeploymentInfo, RunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { engineAddress, withEngine } from "../support/container-engines.ts";
import { type DeployWorld, type DeployWorldOptions, openDeployWorld } from "../support/deploy-world.ts";
import { noSignal } from "../support/fleet.ts";

const engines = ["docker", "podman"] as const;

const deployOf = (name: string, more = ""): string => `
name: deploys
steps:
  - id: web
    deploy: { name: ${name}, ports: [8080], health: { http: /healthz, port: 8080, interval: 100ms }${more} }
`;

/** Its outputs, and what stands then. */
async function deployed(world: DeployWorld, name: string, more?: string) {
  const { id } = await world.fleet.submit(deployOf(name, more));
  return await endOf(world, id, name);
}

async function endOf(world: DeployWorld, id: RunId, name: string) {
  const { run } = await world.fleet.finished(id);
  const [step] = run.steps;
  expect([name, run.status, step?.failure ?? null]).toEqual([name, "succeeded", null]);
  const outputs = step?.outputs as Record<string, string> | undefined;
  const client = await world.fleet.client();
  return { outputs, standing: await client.deployment(name, noSignal) };
}

const text = async (url: string | undefined): Promise<string> => await (await fetch(`${url}/healthz`)).text();

/** Of the file of the base image: how often it was asked for, and how much of it went out. */
function fileTraffic({ registry }: DeployWorld) {
  const asked = registry.requests.filter(({ method, url }) => method === "GET" && url.startsWith("/files/"));
  return { requests: asked.length, bytes: asked.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function imageReady(world: DeployWorld, worker: string): Promise<void> {
  const { code, stdout, stderr } = await world.cli("images", "pull", "--worker", worker);
  expect([code, stdout, stderr]).toEqual([0, expect.stringContaining("ready"), expect.anything()]);
}

describe.each(engines)("on %s", (engine) => {
  const open = (options: Partial<DeployWorldOptions> = {}) =>
    openDeployWorld({ engine, address: engineAddress(engine), ...options });

  withEngine(engine, "a fresh worker", () => {
    test("builds its first deploy while the image downloads, and starts the second one from it (I1)", async () => {
      await using world = await open({ ballastBytes: 12_000_000, bytesPerSecond: 1_500_000 });
      await world.worker("w");
      const [one, two] = [world.name("one"), world.name("two")];
      const first = await deployed(world, one);
      expect(first.outputs).toMatchObject({ path: "build", url: expect.stringMatching(/^http:\/\/127/) });
      expect(await text(first.outputs?.["url"])).toMatch(/^agent of /);
      const soFar = fileTraffic(world);
      expect([soFar.requests, soFar.bytes < world.base.size]).toEqual([1, true]);
      await imageReady(world, "w");
      const second = await deployed(world, two);
      expect(second.outputs).toMatchObject({ path: "image" });
      expect(await text(second.outputs?.["url"])).toMatch(/^agent of /);
      expect(second.standing).toMatchObject({ state: "running", revision: 1, report: { fellBack: false } });
      expect(fileTraffic(world)).toEqual({ requests: 1, bytes: world.base.size });
    });

    test("asked for three deploys at once builds all of them, and downloads once (I3)", async () => {
      await using world = await open({ ballastBytes: 8_000_000, bytesPerSecond: 1_000_000 });
      await world.worker("w");
      const names = ["a", "b", "c"].map((name) => world.name(name));
      const runs = await Promise.all(names.map((name) => world.fleet.submit(deployOf(name))));
      const ends = await Promise.all(runs.map(({ id }, index) => endOf(world, id, names[index] ?? "")));
      expect(ends.map(({ outputs }) => outputs?.["path"])).toEqual(["build", "build", "build"]);
      await imageReady(world, "w");
      expect(fileTraffic(world)).toEqual({ requests: 1, bytes: world.base.size });
    });
  });

  withEngine(engine, "a deployment", () => {
    test("is left alone by the same spec, replaced by another, and removed", async () => {
      await using world = await open();
      await world.worker("w");
      const name = world.name("web");
      const first = await deployed(world, name);
      const same = await deployed(world, name);
      expect([same.standing.revision, same.outputs?.["id"]]).toEqual([1, first.outputs?.["id"]]);
      const other = await deployed(world, name, ", env: { GREETING: hello }");
      expect([other.standing.revision, other.outputs?.["id"] === first.outputs?.["id"]]).toEqual([2, false]);
      const shown = await world.cli("deployments", "--json");
      expect(shown.stdout).toContain(name);
      expect(await world.cli("undeploy", name)).toMatchObject({ code: 0 });
      await expect(text(other.outputs?.["url"])).rejects.toThrow("fetch failed");
      const client = await world.fleet.client();
      const left = await client.deployments(undefined, noSignal);
      expect(left.map((each: DeploymentInfo) => each.name)).not.toContain(name);
    });

    test("that never gets healthy fails its step and leaves the one before in place", async () => {
      await using world = await open();
      await world.worker("w");
      const name = world.name("web");
      const first = await deployed(world, name);
      const bad = await world.fleet.submit(
        deployOf(name, ", command: [sleep, '1000'], env: { A: b }").replace(
          "interval: 100ms",
          "interval: 100ms, timeout: 1s, within: 3s",
        ),
      );
      const { run } = await world.fleet.finished(bad.id);
      expect([run.status, run.steps[0]?.failure]).toMatchObject(["failed", { code: expect.any(String) }]);
      const client = await world.fleet.client();
      expect(await client.deployment(name, noSignal)).toMatchObject({
        revision: 1,
        state: "running",
        report: { effect: "rolled-back" },
      });
      expect(await text(first.outputs?.["url"])).toMatch(/^agent of /);
    });

    test("of a worker that is gone is unknown, and is adopted when it is back", async () => {
      await using world = await open();
      const worker = await world.worker("w");
      const name = world.name("web");
      const first = await deployed(world, name);
      await worker.kill();
      const client = await world.fleet.client();
      await expect
        .poll(async () => (await client.deployment(name, noSignal)).state, { timeout: 60_000 })
        .toBe("unknown");
      await world.worker("w");
      await expect
        .poll(async () => (await client.deployment(name, noSignal)).state, { timeout: 60_000 })
        .toBe("running");
      const same = await deployed(world, name);
      expect(same.outputs?.["id"]).toBe(first.outputs?.["id"]);
    });
  });
});
