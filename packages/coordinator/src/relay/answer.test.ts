import { Code, ConnectError } from "@connectrpc/connect";
import { FaultError } from "@haversack/base";
import { toConnectError } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { heard, notHere } from "./answer.ts";

describe("the error of a call that was passed on", () => {
  test.each([
    toConnectError(new FaultError("unavailable", "worker_away", "it did not answer within 10 s")),
    toConnectError(new FaultError("conflict", "another_digest", "look again")),
    new ConnectError("the role viewer may not", Code.PermissionDenied),
    new ConnectError("too long", Code.DeadlineExceeded),
  ])("is the other coordinator's word: %s", (error) => {
    const answer = heard(error);
    expect(answer).toMatchObject({ kind: "word", error: { message: expect.any(String) as string } });
    if (answer.kind === "word") expect(toConnectError(answer.error).code).toBe(error.code);
  });

  test.each([
    new ConnectError("connect ECONNREFUSED", Code.Unavailable),
    new ConnectError("http/2 stream closed with error code CANCEL (0x8)", Code.Canceled),
    new ConnectError("read ECONNRESET", Code.Aborted),
    new ConnectError("HTTP 403", Code.PermissionDenied),
    toConnectError(new Error("a bug there")),
    toConnectError(notHere("w")),
  ])("says that there is none: %s", (error) => {
    expect(heard(error)).toMatchObject({ kind: "broken" });
  });

  test("says that the token does not count there", () => {
    expect(heard(new ConnectError("not valid", Code.Unauthenticated))).toEqual({ kind: "stranger" });
  });
});
