import * as fc from "fast-check";
import { expect, test } from "vitest";
import { event } from "../testing/run-arbitraries.ts";
import { eventFromWire, eventToWire } from "./event-wire.ts";

test("an event comes out of the wire as it went in", () => {
  fc.assert(
    fc.property(event, (value) => {
      expect(eventFromWire(eventToWire(value))).toEqual(value);
    }),
  );
});

test("one of a later version is passed over", () => {
  const wire = eventToWire({
    seq: 1,
    at: 1,
    change: { kind: "run", status: "queued", cancelRequested: false },
  });
  wire.event = { case: undefined };
  expect(eventFromWire(wire)).toBeUndefined();
});
