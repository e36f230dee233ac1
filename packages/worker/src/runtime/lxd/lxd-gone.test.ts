/** LXD that is not there, or is somebody else: no engine is needed. */

import { createServer } from "node:http";
import { join } from "node:path";
import { systemClock } from "@haversack/base";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { openLxd } from "./lxd-runtime.ts";

const never = new AbortController().signal;
const image = { id: "a".repeat(64), arch: "x64" };

test("without an engine an image is unknown, everything else unavailable, and a watcher waits", async () => {
  await using temp = await tempFolder();
  const runtime = openLxd(join(temp.path, "unix.socket"), systemClock);
  expect(await runtime.inspectImage(image, never)).toMatchObject({ kind: "unknown" });
  const unavailable = { fault: "unavailable", message: expect.stringContaining("unix.socket") };
  await expect(runtime.describe(never)).rejects.toMatchObject(unavailable);
  await expect(runtime.list("c", never)).rejects.toMatchObject(unavailable);
  await expect(runtime.importImage("/nowhere", image, () => {}, never)).rejects.toMatchObject(unavailable);
  const giveUp = new AbortController();
  const watching = runtime.watch(() => expect.unreachable(), giveUp.signal);
  giveUp.abort();
  await watching;
  await expect(runtime.describe(giveUp.signal)).rejects.toMatchObject({ fault: "cancelled" });
});

test("who speaks another language is no engine, and who never answers is given up", async () => {
  await using temp = await tempFolder();
  const socket = join(temp.path, "unix.socket");
  const asked = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    if (request.url === "/1.0") response.end("hello");
    else asked.resolve();
  });
  const up = Promise.withResolvers<void>();
  server.listen(socket, () => up.resolve());
  await up.promise;
  const runtime = openLxd(socket, systemClock);
  await expect(runtime.describe(never)).rejects.toMatchObject({ fault: "unavailable" });
  const giveUp = new AbortController();
  const listing = runtime.list("c", giveUp.signal);
  await asked.promise;
  giveUp.abort();
  await expect(listing).rejects.toMatchObject({ fault: "cancelled" });
  const down = Promise.withResolvers<void>();
  server.close(() => down.resolve());
  await down.promise;
});
