/** A watcher beside an engine that comes, talks, and goes. */

import { createServer } from "node:http";
import { join } from "node:path";
import { systemClock } from "@haversack/base";
import { expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { watchLxd } from "./lxd-watch.ts";

test("it looks when it is connected and when something changed, and comes back when it was cut", async () => {
  await using temp = await tempFolder();
  const socket = join(temp.path, "unix.socket");
  const server = createServer();
  const far = new WebSocketServer({ server });
  const looks = queue();
  const arrivals = queue<WebSocket>();
  far.on("connection", (connection) => arrivals.push(connection));
  const up = Promise.withResolvers<void>();
  server.listen(socket, () => up.resolve());
  await up.promise;
  const giveUp = new AbortController();
  const watching = watchLxd(socket, systemClock, () => looks.push(undefined), giveUp.signal);

  const first = await arrivals.next();
  await looks.next();
  const tell = (action: string) => first.send(JSON.stringify({ type: "lifecycle", metadata: { action } }));
  tell("instance-exec");
  tell("instance-started");
  await looks.next();
  expect(looks.waiting()).toBe(0);
  first.terminate();
  const second = await arrivals.next();
  await looks.next();

  giveUp.abort();
  await watching;
  second.terminate();
  far.close();
  const down = Promise.withResolvers<void>();
  server.close(() => down.resolve());
  await down.promise;
});

interface Queue<T> {
  push(value: T): void;
  next(): Promise<T>;
  waiting(): number;
}

function queue<T = undefined>(): Queue<T> {
  const values: T[] = [];
  const askers: ((value: T) => void)[] = [];
  return {
    push(value) {
      const asker = askers.shift();
      if (asker === undefined) values.push(value);
      else asker(value);
    },
    next: async () => await new Promise((resolve) => take(values, askers, resolve)),
    waiting: () => values.length,
  };
}

function take<T>(values: T[], askers: ((value: T) => void)[], resolve: (value: T) => void): void {
  if (values.length > 0) resolve(values.shift() as T);
  else askers.push(resolve);
}
