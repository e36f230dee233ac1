import { create } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RunServiceListRequestSchema } from "../gen/haversack/v1/run_service_pb.ts";
import { runFilter } from "../testing/run-arbitraries.ts";
import { runFilterFromWire, runFilterToWire } from "./run-wire.ts";

test("what a list of runs is filtered by is heard as it was said", () => {
  fc.assert(
    fc.property(runFilter, (filter) => {
      const wire = create(RunServiceListRequestSchema, runFilterToWire(filter));
      expect(runFilterFromWire(wire)).toEqual({ pageSize: 0, pageToken: "", ...filter });
    }),
  );
});

test("what this version does not know is refused, not left out", () => {
  const asked = (fields: object) => () => runFilterFromWire(create(RunServiceListRequestSchema, fields));
  expect(asked({ status: 99 })).toThrow("status");
  expect(asked({ trigger: "moon" })).toThrow("trigger");
  expect(asked({ retryOf: "no id!" })).toThrow("id");
});
