import { fromBinary, toBinary } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  PlacementServiceExplainResponseSchema,
  PoolSchema,
} from "../gen/haversack/v1/placement_service_pb.ts";
import { priorities } from "../model/placement.ts";
import { explanationFromWire, explanationToWire, poolFromWire, poolToWire } from "./placement-wire.ts";

const texts = fc.array(fc.string(), { maxLength: 3 });

test("pools and explanations come over as they were sent", () => {
  const pool = fc.record({ name: fc.string(), limit: fc.nat(1_000_000), inUse: fc.nat(1_000_000) });
  fc.assert(
    fc.property(pool, (sent) => {
      const bytes = toBinary(PoolSchema, poolToWire(sent));
      expect(poolFromWire(fromBinary(PoolSchema, bytes))).toEqual(sent);
    }),
  );
  const explanation = fc.record({
    phase: fc.constantFrom("waiting", "ready", "running"),
    reasons: fc.array(fc.record({ code: fc.string(), message: fc.string() }), { maxLength: 3 }),
    priority: fc.constantFrom(...priorities),
    worker: texts,
    limits: texts,
  });
  fc.assert(
    fc.property(explanation, (sent) => {
      const bytes = toBinary(PlacementServiceExplainResponseSchema, explanationToWire(sent));
      const came = explanationFromWire(fromBinary(PlacementServiceExplainResponseSchema, bytes));
      expect(came).toEqual(sent);
    }),
  );
});

test("a phase or a priority that this version does not know is refused by name", () => {
  const sent = explanationToWire({ phase: "ready", reasons: [], priority: 3, worker: [], limits: [] });
  expect(() => explanationFromWire({ ...sent, phase: "asleep" })).toThrow("phase");
  expect(() => explanationFromWire({ ...sent, priority: 9 })).toThrow("priority");
});
