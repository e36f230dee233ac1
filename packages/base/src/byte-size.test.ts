import { describe, expect, test } from "vitest";
import { parseByteSize } from "./byte-size.ts";

describe("sizes", () => {
  test.each([
    ["0", 0],
    ["4194304", 4_194_304],
    ["64KiB", 65_536],
    ["4MiB", 4_194_304],
    ["1GiB", 1_073_741_824],
  ])("%s is %i bytes", (text, bytes) => expect(parseByteSize(text)).toBe(bytes));

  test.each([
    "",
    "MiB",
    "4 MiB",
    "4MB",
    "4mib",
    "4.5MiB",
    "-1",
    "1e6",
    "+1",
    "9".repeat(16),
    "9999999999GiB",
  ])("%j is no size", (text) => expect(parseByteSize(text)).toBeUndefined());
});
