import { parseWorkerId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { wayOf } from "./way.ts";

const own = "https://one.example:7420";
const other = "https://two.example:7420";
const at = (url?: string) => ({
  id: parseWorkerId("w"),
  name: "w",
  connectedAt: 1,
  ...(url === undefined ? {} : { url }),
});
const call = { own, isHere: false, wasPassedOn: false };

describe("a call about a worker", () => {
  test.each([
    ["that nobody knows is answered here", undefined],
    ["that is connected to nobody is answered here", at()],
    ["that was connected here last is answered here", at(own)],
  ])("%s", (_, place) => {
    expect(wayOf({ ...call, place })).toEqual({ kind: "here" });
  });

  test("that is connected to another coordinator is passed on, also when an old session of it is here", () => {
    const there = { kind: "there", url: other };
    expect(wayOf({ ...call, place: at(other) })).toEqual(there);
    expect(wayOf({ ...call, place: at(other), isHere: true })).toEqual(there);
    expect(wayOf({ ...call, own: undefined, place: at(other) })).toEqual(there);
  });

  test.each([at(), at(own), at(other)])("that was passed on is never passed on again: %j", (place) => {
    expect(wayOf({ ...call, place, wasPassedOn: true })).toEqual({ kind: "refuse" });
    expect(wayOf({ ...call, place, wasPassedOn: true, isHere: true })).toEqual({ kind: "here" });
  });
});
