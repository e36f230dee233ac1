/** The table of what follows a failure on the image path, line by line, and that nothing is missing in it. */

import { type Fault, FaultError, worthRetrying } from "@haversack/base";
import { expect, test } from "vitest";
import {
  cancelled,
  engineUnavailable,
  imageCorrupt,
  imageInUse,
  nameTaken,
  noContainer,
  noImage,
  noSpace,
  portTaken,
  refused,
} from "../runtime/runtime-faults.ts";
import { afterImagePath, launchCodes } from "./fallback.ts";

const fault = (kind: Fault, code: string, message = "why"): FaultError => new FaultError(kind, code, message);

test.each([
  ["image not found", noImage("x"), { then: "build", image: "absent" }],
  ["wrong architecture", imageCorrupt("wrong_platform", "arm64"), { then: "build", image: "corrupt" }],
  ["unpack error", imageCorrupt("corrupt", "invalid tar header"), { then: "build", image: "corrupt" }],
  [
    "exec format error, said by the engine",
    refused("exec /init: exec format error"),
    { then: "build", image: "corrupt" },
  ],
  [
    "exec format error, as the only line",
    fault("unavailable", launchCodes.execFormat),
    { then: "build", image: "corrupt" },
  ],
  ["wrong stamp", fault("corrupt", launchCodes.wrongContent), { then: "build", image: "corrupt" }],
  ["process 1 gone", fault("unavailable", launchCodes.exited, "exit code 127"), { then: "build" }],
  [
    "a container that writes exec format error",
    fault("unavailable", launchCodes.exited, "exec format error"),
    { then: "build" },
  ],
  ["container gone", noContainer("x"), { then: "build" }],
  ["engine gone", engineUnavailable("x"), { then: "build" }],
  ["anything that nobody foresaw", new Error("odd"), { then: "build" }],
  ["port taken", portTaken("x"), { then: "fail" }],
  ["name taken", nameTaken("x"), { then: "fail" }],
  ["image in use", imageInUse("x"), { then: "fail" }],
  ["mount or resource refused", refused("no such limit"), { then: "fail" }],
  ["not as asked", fault("denied", launchCodes.notAsAsked), { then: "fail" }],
  ["volume refused", fault("invalid", "volume_refused"), { then: "fail" }],
  ["folder refused", fault("denied", "own_folder_refused"), { then: "fail" }],
  ["secret refused", fault("invalid", "secrets_no_memory"), { then: "fail" }],
  ["snapshot not there", fault("unavailable", "snapshot_unavailable"), { then: "fail" }],
  ["no disk space", noSpace("x"), { then: "fail" }],
  ["cancelled", cancelled("x"), { then: "fail" }],
])("%s", (_what, error, expected) => {
  expect(afterImagePath(error)).toEqual(expected);
});

test("every kind of fault has an answer", () => {
  for (const kind of Object.keys(worthRetrying) as Fault[])
    expect(["build", "fail"]).toContain(afterImagePath(fault(kind, "some_code")).then);
});
