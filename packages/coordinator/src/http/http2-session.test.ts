import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { watchSession } from "./http2-session.ts";

test("a session that has just ended, and does not say so yet, is asked nothing", async () => {
  const clock = new FakeClock();
  const server = http2.createServer((_request, response) => response.end("ok"));
  const watched = Promise.withResolvers<http2.ServerHttp2Session>();
  server.on("session", (session) => {
    watchSession(session, clock);
    watched.resolve(session);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await client.request({ ":path": "/" }).toArray();
    const session = await watched.promise;
    session.destroy();
    expect(() => clock.advance(10_000)).not.toThrow();
  } finally {
    client.destroy();
    server.close();
  }
});
