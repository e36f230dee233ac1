import { describe, expect, test } from "vitest";
import { settlePrefetch } from "./prefetch-policy.ts";

const off = ["0", "false", "no", "off", " OFF ", "False"];
const eager = ["1", "true", "yes", "eager", "Eager", "\tTRUE\n"];
const lazy = ["lazy", "LAZY "];

describe("whether the base image is fetched", () => {
  test.each([
    ...off.map((word) => [word, "off"]),
    ...eager.map((word) => [word, "eager"]),
    ...lazy.map((word) => [word, "lazy"]),
  ])("%j means %s", (word, policy) => {
    expect(settlePrefetch(undefined, word, undefined)).toEqual({ policy, source: "environment" });
  });

  test.each(["", " ", undefined])("%j is as if nothing were said", (word) => {
    expect(settlePrefetch(word, word, word)).toEqual({ policy: "lazy", source: "default" });
  });

  test("the flag comes before the environment, and that before the file", () => {
    expect(settlePrefetch("off", "eager", "lazy")).toEqual({ policy: "off", source: "flag" });
    expect(settlePrefetch(undefined, "eager", "off")).toEqual({ policy: "eager", source: "environment" });
    expect(settlePrefetch(undefined, undefined, "off")).toEqual({ policy: "off", source: "file" });
  });

  test.each([
    [["sometimes", undefined, undefined], "--prefetch-base-image"],
    // One that does not count is refused too: it would count one day.
    [["off", "2", undefined], "HAVERSACK_PREFETCH_BASE_IMAGE"],
    [["off", undefined, "on"], "images.prefetch in worker.json"],
  ] as const)("%j is refused, with its name and the words", ([flag, environment, file], name) => {
    expect(() => settlePrefetch(flag, environment, file)).toThrow(
      expect.objectContaining({
        fault: "invalid",
        code: "bad_option",
        message: expect.stringMatching(
          new RegExp(`^${name}: expected off .*0, false, no.*, lazy, or eager .*found "`),
        ),
      }),
    );
  });
});
