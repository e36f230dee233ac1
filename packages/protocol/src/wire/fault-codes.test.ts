import { Code, ConnectError } from "@connectrpc/connect";
import { type Fault, FaultError, worthRetrying } from "@haversack/base";
import { describe, expect, test } from "vitest";
import { ProblemsError } from "../model/problem.ts";
import { faultToCode, fromConnectError, toConnectError } from "./fault-codes.ts";

describe("faults", () => {
  const faults = (Object.keys(worthRetrying) as Fault[]).filter((fault) => fault !== "bug");

  test.each(faults)("%s arrives as it left, with its code and message", (fault) => {
    const arrived = fromConnectError(toConnectError(new FaultError(fault, "some_code", "what to do")));
    expect(arrived).toMatchObject({ fault, code: "some_code", message: "what to do" });
  });

  test("each has a status of its own", () => {
    expect(new Set(Object.values(faultToCode)).size).toBe(Object.keys(faultToCode).length);
  });

  test("a bug says nothing about itself", () => {
    for (const error of [new FaultError("bug", "x", "secret"), new Error("secret"), "secret"]) {
      const left = toConnectError(error);
      expect([left.code, left.message.includes("secret")]).toEqual([Code.Internal, false]);
      expect(fromConnectError(left).fault).toBe("bug");
    }
  });

  test("problems arrive one by one", () => {
    const problems = [
      { file: "f.yaml", line: 3, column: 7, field: "steps[0].id", code: "bad_value", message: "no" },
    ];
    const arrived = fromConnectError(toConnectError(new ProblemsError(problems)));
    expect(arrived).toBeInstanceOf(ProblemsError);
    expect((arrived as ProblemsError).problems).toMatchObject(problems);
    expect(arrived.message).toBe("f.yaml:3:7: steps[0].id: no");
  });

  test.each([
    [Code.Unauthenticated, "denied"],
    [Code.DeadlineExceeded, "unavailable"],
    [Code.Unimplemented, "invalid"],
    [Code.Unknown, "bug"],
  ])("status %i of somebody else is %s", (code, fault) => {
    expect(fromConnectError(new ConnectError("text", code)).fault).toBe(fault);
  });
});
