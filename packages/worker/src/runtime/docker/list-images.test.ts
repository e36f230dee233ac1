import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "@haversack/base";
import { expect, test } from "vitest";
import { openEngine } from "./engine.ts";
import { listImages } from "./list-images.ts";

const signal = new AbortController().signal;

/** An engine that fails so often before it lists one image. */
async function listedAfter(failures: number, message: string) {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    const isFailure = asked <= failures;
    response.writeHead(isFailure ? 500 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(isFailure ? { message } : [{ Id: "sha256:a" }]));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const engine = await openEngine(`tcp://127.0.0.1:${port}`, { clock: systemClock, fetch });
    const images = await listImages(engine, {}, signal);
    return { asked, ids: images.map(({ Id }) => Id) };
  } finally {
    server.close();
  }
}

test("an image that goes while Podman lists them costs another look, and not the list", async () => {
  const message = 'checking if image "a" is dangling: locating image with ID "a": image not known';
  expect(await listedAfter(2, message)).toEqual({ asked: 3, ids: ["sha256:a"] });
});

test("another fault of the engine is told at once", async () => {
  await expect(listedAfter(1, "the store is locked")).rejects.toMatchObject({
    code: "engine_refused",
    message: expect.stringContaining("the store is locked"),
  });
});
