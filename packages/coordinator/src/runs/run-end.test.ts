import { expect, test } from "vitest";
import { runEnd, runFailure } from "./run-end.ts";

test.each([
  [0, 0, 0, "succeeded"],
  [1, 0, 0, "failed"],
  [1, 1, 1, "failed"],
  [0, 1, 0, "cancelled"],
  [0, 1, 1, "cancelled"],
  [0, 0, 1, "failed"],
])(
  "%i failed, %i cancelled and %i blocked steps make a run that %s",
  (failed, cancelled, blocked, status) => {
    expect(runEnd({ failed, cancelled, blocked })).toBe(status);
  },
);

test.each([
  [0, 0, "succeeded"],
  [0, 1, "failed"],
  [1, 1, "failed"],
])(
  "%i failed and %i cancelled steps make a run whose time is over one that %s",
  (failed, cancelled, status) => {
    expect(runEnd({ failed, cancelled, blocked: 0 }, true)).toBe(status);
  },
);

test("a failed run names its step", () => {
  expect(runFailure("build", { code: "exit_code", message: "exit code 2" })).toEqual({
    code: "exit_code",
    message: "step build: exit code 2",
  });
});
