import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { Newcomers } from "./newcomers.ts";

let port = 1;
const dialled = (remoteAddress: string): Socket =>
  Object.assign(new EventEmitter(), { remoteAddress, remotePort: port++ }) as unknown as Socket;

describe("connections that nobody answers for", () => {
  test("are at most 32 from one address, until one proves itself or closes", () => {
    const newcomers = new Newcomers();
    const first = dialled("10.0.0.1");
    expect(newcomers.admit(first)).toBe(true);
    for (let index = 1; index < 32; index++) expect(newcomers.admit(dialled("10.0.0.1"))).toBe(true);
    expect(newcomers.admit(dialled("10.0.0.1"))).toBe(false);
    expect(newcomers.admit(dialled("10.0.0.2"))).toBe(true);
    newcomers.proved(first);
    const second = dialled("10.0.0.1");
    expect(newcomers.admit(second)).toBe(true);
    expect(newcomers.admit(dialled("10.0.0.1"))).toBe(false);
    second.emit("close");
    expect(newcomers.admit(dialled("10.0.0.1"))).toBe(true);
  });

  test("are at most 512 in all, also from this host", () => {
    const newcomers = new Newcomers();
    for (let index = 0; index < 512; index++) expect(newcomers.admit(dialled("127.0.0.1"))).toBe(true);
    expect(newcomers.admit(dialled("127.0.0.1"))).toBe(false);
  });

  test("are counted once, however often one proves itself and then closes", () => {
    const newcomers = new Newcomers();
    const [one, other] = [dialled("10.0.0.1"), dialled("10.0.0.1")];
    newcomers.admit(one);
    newcomers.admit(other);
    newcomers.proved(one);
    newcomers.proved(one);
    one.emit("close");
    expect(newcomers.size).toBe(1);
  });
});
