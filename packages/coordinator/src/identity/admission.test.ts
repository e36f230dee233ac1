import { parseWorkerId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { helloOf } from "../testing/fleet-samples.ts";
import { admitted } from "./admission.ts";

const workerId = parseWorkerId("w1");
const hello = (id: string, labels: Record<string, string> = {}) =>
  helloOf(id, { labels: new Map(Object.entries(labels)) });
const labelsOf = (...args: Parameters<typeof admitted>) => Object.fromEntries(admitted(...args).labels);
const token = { workerId, joinedBy: "0123456789abcdef", labels: {} };

test.each(["w", "w11", "W1", "w1 ", "xw1"])(
  "a hello of %j with the credential of w1 is refused (AU-7)",
  (id) => {
    const own = { ...hello("w1"), workerId: id as typeof workerId };
    expect(() => admitted(own, token)).toThrow("that of another worker");
  },
);

test("pool and labels of the row are the worker's, whatever it says; the rest is its own", () => {
  const said = { pool: "theirs", zone: "b", arch: "x64" };
  const gpu = { ...token, pool: "gpu", labels: { zone: "a" } };
  expect(labelsOf(hello("w1", said), gpu)).toEqual({ pool: "gpu", zone: "a", arch: "x64" });
  // A token without a pool gives none.
  expect(labelsOf(hello("w1", said), token)).toEqual({ zone: "b", arch: "x64" });
});

test("on the coordinator's machine a worker says itself what it is", () => {
  expect(labelsOf(hello("w1", { pool: "gpu" }), { ...token, joinedBy: "" })).toEqual({ pool: "gpu" });
});
