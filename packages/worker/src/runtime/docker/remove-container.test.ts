/** Removing a container while it changes: what Podman answers then, and what is a fault. */

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "@haversack/base";
import { expect, test } from "vitest";
import { lifeVerbs } from "./containers.ts";
import { openEngine } from "./engine.ts";

const id = "c1";
const view = {
  Id: id,
  Name: "/hv-web-1",
  Image: "sha256:a",
  Created: "2026-11-22T00:00:00Z",
  State: { Status: "running", Running: true, StartedAt: "2026-11-22T00:00:00Z", ExitCode: 0 },
  Config: { Labels: {}, Env: [] },
  HostConfig: { NetworkMode: "none", CapAdd: [], CapDrop: ["ALL"], RestartPolicy: { Name: "always" } },
  Mounts: [],
  NetworkSettings: { Networks: {}, Ports: {} },
};

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** An engine that fails so often before it removes its one container. @returns how often it was asked to */
async function removedAfter(failures: number, message: string): Promise<number> {
  let asked = 0;
  const server = createServer(({ method, url = "" }, response) => {
    if (method === "DELETE") {
      asked++;
      if (asked <= failures) say(response, 500, { message });
      else response.writeHead(204).end();
    } else if (!url.includes(`/containers/${id}/json`)) say(response, 200, {});
    else if (asked > failures) say(response, 404, { message: "no such container" });
    else say(response, 200, view);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const engine = await openEngine(`tcp://127.0.0.1:${port}`, { clock: systemClock, fetch });
    await lifeVerbs(engine).remove(id, new AbortController().signal);
    return asked;
  } finally {
    server.close();
  }
}

test("one that ends or starts again while Podman kills it is asked for again", async () => {
  const message = `cannot remove container ${id} as it could not be stopped: sending SIGKILL: container state improper: stopped`;
  expect(await removedAfter(2, message)).toBe(3);
});

test("another fault of the engine is told at once", async () => {
  await expect(removedAfter(1, "the store is locked")).rejects.toMatchObject({
    code: "engine_refused",
    message: expect.stringContaining("the store is locked"),
  });
});
