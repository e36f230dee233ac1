import { expect, test } from "vitest";
import { scopeNamed } from "./scope-name.ts";

test.each([
  ["global", "global"],
  ["repo-report", "dags/repo-report"],
  ["dags/repo-report", "dags/repo-report"],
  ["dags/global", "dags/global"],
  ["dags", "dags/dags"],
])("%s names the scope %s", (name, scope) => {
  expect(scopeNamed(name)).toBe(scope);
});

test.each(["", "a b", "../x", "dags/", "dags/a/b", "runs/a", "global/x", "x\u001b[2J"])(
  "%j names none",
  (name) => {
    expect(() => scopeNamed(name)).toThrow(expect.objectContaining({ fault: "invalid", code: "bad_scope" }));
  },
);
