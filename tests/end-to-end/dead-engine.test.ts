/**
 * A worker beside things that are dead (I11): an engine whose socket is missing, or takes connections and never answers, and
 * an image server that never answers. Whatever the policy, it is healthy within ten seconds, and stops when it is told to.
 */

import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { ContainerEngine } from "@haversack/protocol";
import { beforeAll, expect, test } from "vitest";
import { engineAddress, withEngine } from "../support/container-engines.ts";
import { Fleet, noSignal } from "../support/fleet.ts";
import { digestOf } from "../support/image-shelf.ts";
import { imagesJson } from "../support/image-world.ts";
import { tempFolder } from "../support/temp-folder.ts";

const healthyMs = 10_000;
const stoppedMs = 5000;

interface Silent extends AsyncDisposable {
  /** Of TCP. */
  readonly port: number;
  readonly asked: number;
}

/** Takes every connection, reads what it is told, and says nothing. @param where a path or a port */
async function silentServer(where: string | number): Promise<Silent> {
  const open = new Set<Socket>();
  let asked = 0;
  const server = createServer((socket) => {
    open.add(socket.on("error", () => {}).on("data", () => void (asked += 1)));
  });
  if (typeof where === "string") server.listen(where);
  else server.listen(where, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as Partial<AddressInfo>).port ?? 0,
    get asked() {
      return asked;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Images whose server never answers, and a coordinator that names them. */
async function deadWorld() {
  const folder = await tempFolder("hv-dead");
  const engine = await silentServer(join(folder.path, "silent.sock"));
  const server = await silentServer(0);
  const manifest = imagesJson("dead");
  const { x64 } = manifest.arches;
  const oci = { ...x64.oci, urls: [`http://127.0.0.1:${server.port}/base.oci.tar`] };
  const file = join(folder.path, "images.json");
  const script = Buffer.from("#!/bin/sh\n");
  const arches = { x64: { oci }, arm64: { oci } };
  await writeFile(join(folder.path, "recipe.sh"), script);
  await writeFile(file, JSON.stringify({ ...manifest, recipe: digestOf(script), arches }));
  const fleet = await Fleet.start({ env: { HAVERSACK_IMAGES: file, HAVERSACK_IMAGES_UNSIGNED: "1" } });
  const sockets = { missing: join(folder.path, "missing.sock"), silent: join(folder.path, "silent.sock") };
  return {
    fleet,
    engine,
    server,
    sockets,
    async [Symbol.asyncDispose]() {
      await fleet[Symbol.asyncDispose]();
      for (const each of [engine, server]) await each[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

let world: Awaited<ReturnType<typeof deadWorld>>;
beforeAll(async () => {
  world = await deadWorld();
  return () => world[Symbol.asyncDispose]();
});

/** Resolves with what its health says, as soon as that is good; the process began at `beganAt`. */
async function healthy(name: string, socket: string, policy: string) {
  const beganAt = performance.now();
  const args = [
    "--health-listen",
    "127.0.0.1:0",
    "--deploy",
    `docker=${socket}`,
    "--prefetch-base-image",
    policy,
  ];
  const program = world.fleet.startWorkerUnseen(name, args);
  const url = /"health":"([^"]+)"/.exec(await program.line(/worker started/))?.[1] ?? "";
  const status = async () => (await fetch(`${url}/readyz`)).status;
  await expect.poll(status, { timeout: healthyMs, interval: 20 }).toBe(200);
  return { program, ms: performance.now() - beganAt };
}

async function engineOf(name: string): Promise<ContainerEngine | undefined> {
  const client = await world.fleet.client();
  const { id } = (await client.workers(noSignal)).find((worker) => worker.name === name) ?? {};
  return [...(await client.images("", noSignal)).engines].find(([worker]) => worker === id)?.[1];
}

for (const dead of ["missing", "silent"] as const)
  test.each(["off", "lazy", "eager"])(`an engine that is ${dead}, policy %s`, async (policy) => {
    const name = `${dead}-${policy}`;
    const { program, ms } = await healthy(name, world.sockets[dead], policy);
    expect(ms).toBeLessThan(healthyMs);
    // It is known, shown, and not asked for anything.
    expect(await engineOf(name)).toMatchObject({ prefetch: policy, unavailable: expect.any(String) });
    const stoppedAt = performance.now();
    expect((await program.kill("SIGTERM")).code).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(stoppedMs);
  });

withEngine("docker", "an image server that never answers", () => {
  test("keeps a worker neither from starting with a download under way, nor from stopping", async () => {
    const socket = engineAddress("docker").replace("unix://", "");
    const first = await healthy("downloads", socket, "eager");
    const client = await world.fleet.client();
    await expect.poll(async () => (await engineOf("downloads"))?.unavailable ?? "no").toBe("no");
    await client.pullImage("downloads", "base", noSignal);
    await expect.poll(() => world.server.asked).toBe(1);
    await first.program.kill("SIGKILL");
    const second = await healthy("downloads", socket, "eager");
    expect(second.ms).toBeLessThan(healthyMs);
    // It went on with what was under way, and is stopped in the middle of it.
    await expect.poll(() => world.server.asked).toBe(2);
    const stoppedAt = performance.now();
    expect((await second.program.kill("SIGTERM")).code).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(stoppedMs);
  });
});
