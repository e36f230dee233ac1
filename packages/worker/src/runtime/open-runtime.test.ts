import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { systemClock } from "@haversack/base";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { findEngine, openRuntime } from "./open-runtime.ts";

const noneHere = { XDG_RUNTIME_DIR: "/nowhere", LXD_DIR: "/nowhere" };

test("a socket that is named is taken, and tells by its name whose it is", async () => {
  const found = async (socket: string) => (await findEngine({ socket }, {})).engine;
  expect(await found("/srv/docker.sock")).toBe("docker");
  expect(await found("unix:///srv/podman/podman.sock")).toBe("podman");
  expect(await found("/srv/incus/unix.socket")).toBe("incus");
  expect(await found("/var/snap/lxd/common/lxd/unix.socket")).toBe("lxd");
  expect(await findEngine({ engine: "podman", socket: "/srv/x.sock" }, {})).toEqual({
    engine: "podman",
    socket: "/srv/x.sock",
  });
});

test("without one it is where it usually is, or where the surroundings say", async () => {
  await using folder = await tempFolder("hv");
  const socket = join(folder.path, "podman/podman.sock");
  await mkdir(dirname(socket));
  const server = createServer().listen(socket);
  const env = { XDG_RUNTIME_DIR: folder.path };
  const found = await findEngine({ engine: "podman" }, env);
  // A machine that runs tests may have one of its own.
  expect([socket, "/run/podman/podman.sock"]).toContain(found.socket);
  server.close();
  const host = "tcp://127.0.0.1:2375";
  expect(await findEngine({ engine: "docker" }, { DOCKER_HOST: host })).toEqual({
    engine: "docker",
    socket: host,
  });
  expect(await findEngine({}, { DOCKER_HOST: host })).toEqual({ engine: "docker", socket: host });
});

test("where there is none, it says where it looked", async () => {
  const found = findEngine({ engine: "incus" }, noneHere);
  await expect(found).rejects.toMatchObject({
    fault: "invalid",
    code: "no_engine",
    message: expect.stringMatching(/\/var\/lib\/incus\/unix\.socket/),
  });
});

test("an address that is none is refused, and one that nobody serves is away", async () => {
  const surroundings = { clock: systemClock, env: {} };
  const bad = openRuntime({ engine: "docker", socket: "http:/x" }, surroundings);
  await expect(bad).rejects.toMatchObject({ fault: "invalid", code: "bad_engine_address" });
  const runtime = await openRuntime({ engine: "docker", socket: "tcp://127.0.0.1:9" }, surroundings);
  const asked = runtime.describe(new AbortController().signal);
  await expect(asked).rejects.toMatchObject({ fault: "unavailable", code: "engine_unavailable" });
});
