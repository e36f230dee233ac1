/** What a container starts, through a real shell. */

import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { startLineOf } from "./start-line.ts";

test("any words and variables come out of the shell as they went in", () => {
  const word = fc.string({ unit: "binary", maxLength: 40 }).filter((text) => !text.includes("\u0000"));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), word, (words, value) => {
      const report = 'printf "%s\\0" "$V" "$@"';
      const command = ["-c", report, "sh", ...words];
      const { init, env } = startLineOf({ entrypoint: ["/bin/sh"], command, env: new Map([["V", value]]) });
      // As LXC does.
      const [program = "", ...args] = (init ?? "").split(" ");
      expect(init).not.toContain("\n");
      const { stdout } = spawnSync(program, args, { env: Object.fromEntries(env) });
      const wellFormed = (text: string) => Buffer.from(text).toString();
      expect(stdout.toString()).toBe([value, ...words].map((each) => `${wellFormed(each)}\u0000`).join(""));
    }),
    { numRuns: 60 },
  );
});

test("without words of its own the image's start is left alone", () => {
  expect(startLineOf({ env: new Map([["A", "b"]]) })).toEqual({ env: new Map([["A", "b"]]) });
  const odd = () => startLineOf({ env: new Map([["A-B", "two\nlines"]]) });
  expect(odd).toThrow(/A-B/);
  expect(() => startLineOf({ command: ["x".repeat(130_000)], env: new Map() })).toThrow(/at most/);
});
