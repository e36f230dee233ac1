import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { systemClock } from "@haversack/base";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import type { ImagePresence } from "../runtime.ts";
import { openDockerRuntime } from "./docker-runtime.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const found = {
  Id: digest("a"),
  RepoDigests: [`debian@${digest("b")}`],
  Architecture: "amd64",
  Config: { Labels: { "haversack.stamp": "1" } },
};

/** What an engine that answers so is understood to have. */
async function presence(id: string, answer: { status: number; body: unknown }): Promise<ImagePresence> {
  await using folder = await tempFolder("hv");
  const socket = join(folder.path, "engine.sock");
  const server = createServer((_, response) => {
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  }).listen(socket);
  await once(server, "listening");
  const runtime = await openDockerRuntime({ host: `unix://${socket}`, clock: systemClock });
  try {
    return await runtime.inspectImage({ id, arch: "x64" }, new AbortController().signal);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const there = { status: 200, body: found };

test("an image is known by its id, and by the digest of a reference, however the engine writes its name", async () => {
  const present = { kind: "present", id: digest("a") };
  expect(await presence(digest("a"), there)).toEqual(present);
  expect(await presence(`docker.io/library/debian@${digest("b")}`, there)).toEqual(present);
  expect(await presence(digest("a"), { status: 200, body: { ...found, Id: "a".repeat(64) } })).toEqual(
    present,
  );
});

test("what the engine found by something else is not it", async () => {
  expect(await presence(digest("c"), there)).toEqual({ kind: "absent" });
  expect(await presence(`docker.io/library/debian@${digest("c")}`, there)).toEqual({ kind: "absent" });
  expect(await presence("debian", there)).toEqual({ kind: "absent" });
  expect(await presence(digest("a"), { status: 404, body: { message: "no such image" } })).toEqual({
    kind: "absent",
  });
});

test("an engine that answers with a fault has said nothing", async () => {
  const known = await presence(digest("a"), { status: 500, body: { message: "layer store is locked" } });
  expect(known).toEqual({ kind: "unknown", why: expect.stringMatching(/layer store is locked/) });
  const html = await presence(digest("a"), { status: 200, body: "<html>" });
  expect(html.kind).toBe("unknown");
});
