import { expect, test } from "vitest";
import { isLoopbackPeer } from "./loopback.ts";

test.each([
  ["127.0.0.1", true],
  ["127.8.9.1", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["10.127.0.0", false],
  ["1127.0.0.1", false],
  ["::ffff:10.0.0.1", false],
  ["", false],
])("%s is on this host: %s", (address, is) => expect(isLoopbackPeer(address)).toBe(is));
