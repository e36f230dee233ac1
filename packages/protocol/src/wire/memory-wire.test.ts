import { create } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryOperationSchema, MemoryScopeKind } from "../gen/haversack/v1/attempt_pb.ts";
import { memoryReview, memoryVersion } from "../testing/memory-arbitraries.ts";
import {
  operationFromWire,
  reviewFromWire,
  reviewToWire,
  versionFromWire,
  versionToWire,
} from "./memory-wire.ts";

/** A message of protobuf-es has its own prototypes in it. */
const plain = <T>(value: T): T => structuredClone(value);

test("versions and reviews come back as they were", () => {
  fc.assert(
    fc.property(memoryVersion, memoryReview, (version, review) => {
      expect(plain(versionFromWire(versionToWire(version)))).toEqual(version);
      expect(plain(reviewFromWire(reviewToWire(review)))).toEqual(review);
    }),
  );
});

const add = (text: string) => ({ case: "add" as const, value: { text } });
const remove = (entry: string) => ({ case: "remove" as const, value: { entry, base: new Uint8Array(32) } });
const scope = MemoryScopeKind.DAG;

test.each([
  ["an id that is none", { id: "a b", scope, change: add("x") }, "memory.id"],
  ["no id", { scope, change: add("x") }, "memory.id"],
  ["an unknown scope", { id: "a", scope: 9 as MemoryScopeKind, change: add("x") }, "memory.scope"],
  ["no change", { id: "a", scope }, "memory.change"],
  ["a text without end", { id: "a", scope, change: add("x".repeat(8193)) }, "memory.text"],
  ["an entry that is none", { id: "a", scope, change: remove("../x") }, "memory.entry"],
])("an operation with %s is refused by the name of the field", (_case, init, field) => {
  expect(() => operationFromWire(create(MemoryOperationSchema, init))).toThrow(
    expect.objectContaining({ code: "bad_message", message: expect.stringContaining(field) }),
  );
});
