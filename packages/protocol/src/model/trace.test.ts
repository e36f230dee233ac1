import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { traceContext } from "../testing/arbitraries.ts";
import {
  contextOfRun,
  formatTraceparent,
  parseTraceparent,
  traceFields,
  traceOfChild,
  traceOfRetry,
  traceOfRun,
} from "./trace.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const good = `00-${traceId}-${spanId}-01`;
const context = { traceId, spanId, flags: 1, state: "" };

describe("traceparent", () => {
  test("what is written is read", () => {
    fc.assert(
      fc.property(traceContext, (each) => {
        expect(parseTraceparent(formatTraceparent(each), each.state)).toEqual(each);
      }),
    );
  });

  test("any other text is as if it were not there, and never an error", () => {
    const digits = fc.stringMatching(/^[\da-gA-G-]{0,60}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), digits), (text) => {
        const read = parseTraceparent(text);
        if (read !== undefined) expect(text.trim()).toContain(`${read.traceId}-${read.spanId}`);
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["capital letters", good.toUpperCase()],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${spanId}-01`],
    ["a span id of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
    ["version ff", `ff-${traceId}-${spanId}-01`],
    ["more than version 00 has", `${good}-more`],
    ["a short trace id", `00-${traceId.slice(1)}-${spanId}-01`],
    ["no flags", `00-${traceId}-${spanId}`],
    ["flags that are no number", `00-${traceId}-${spanId}-0x`],
    ["two of them", `${good},${good}`],
  ])("%s is ignored", (_, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  test("of a later version what is known is read", () => {
    expect(parseTraceparent(`cc-${traceId}-${spanId}-01-what-comes`)).toEqual(context);
    expect(parseTraceparent(`cc-${traceId}-${spanId}-01`)).toEqual(context);
    expect(parseTraceparent(`cc-${traceId}-${spanId}-01.what`)).toBeUndefined();
  });

  test("flags that mean nothing to us are not handed on", () => {
    expect(parseTraceparent(`00-${traceId}-${spanId}-ff`)?.flags).toBe(3);
    expect(parseTraceparent(`00-${traceId}-${spanId}-f0`)?.flags).toBe(0);
  });
});

describe("tracestate", () => {
  const stateOf = (state: string) => parseTraceparent(good, state)?.state;

  test("is handed on as it came, empty members aside", () => {
    expect(stateOf("rojo=00f067aa0ba902b7, congo=t61rcWkgMzE,")).toBe(
      "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
    );
  });

  test.each([
    ["no value", "rojo"],
    ["a capital letter in a key", "Rojo=1"],
    ["a key twice", "a=1,a=2"],
    ["more than 32 members", Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(",")],
    [
      "more than 512 characters",
      Array.from({ length: 3 }, (_, index) => `k${index}=${"x".repeat(200)}`).join(","),
    ],
    ["a line end", "a=1\nb=2"],
  ])("%s: the list is dropped, the parent stays", (_, state) => {
    expect(parseTraceparent(good, state)).toEqual(context);
  });
});

test("names are those of headers, or of variables", () => {
  const given = { ...context, state: "a=1" };
  expect(traceFields(given)).toEqual([
    ["traceparent", good],
    ["tracestate", "a=1"],
  ]);
  expect(traceFields(given, true)[0]?.[0]).toBe("TRACEPARENT");
  expect(traceFields(undefined)).toEqual([]);
});

describe("a run's place", () => {
  const own = "1111111111111111";
  const inner = "2222222222222222";

  test("is under its own span when somebody makes one, else under its parent's", () => {
    expect(contextOfRun(traceOfRun(context, own)).spanId).toBe(own);
    expect(contextOfRun(traceOfRun(context, undefined)).spanId).toBe(spanId);
  });

  test("a trace that is not sampled has no spans of ours", () => {
    expect(traceOfRun({ ...context, flags: 0 }, own).spanId).toBe("");
  });

  test("a child run is within its parent's span", () => {
    expect(traceOfChild(traceOfRun(context, own), inner)).toMatchObject({
      parentId: own,
      spanId: inner,
      traceId,
    });
    expect(traceOfChild(traceOfRun(context, undefined), inner)).toMatchObject({
      parentId: spanId,
      spanId: "",
    });
  });

  test("a retry names the span of the run that it repeats, where there is one", () => {
    const repeated = traceOfRun({ ...context, traceId: "f".repeat(32) }, inner);
    const retry = traceOfRun(context, own);
    expect(traceOfRetry(retry, repeated).repeats).toEqual({ traceId: "f".repeat(32), spanId: inner });
    expect(traceOfRetry(retry, undefined)).toEqual(retry);
    expect(traceOfRetry(retry, traceOfRun(context, undefined))).toEqual(retry);
  });
});
