import { expect, test } from "vitest";
import type { Reading } from "./bench.ts";
import { tables } from "./print.ts";

const reading = (on: string, metric: string, value: number, unit: string): Reading => ({
  case: on,
  metric,
  value,
  unit,
});

test("cases with the same metrics stand beside each other, others in a table of their own", () => {
  const readings = [
    reading("5 KB", "build_ms", 0.12345, "ms"),
    reading("5 KB", "size", 6433, "B"),
    reading("5 MB", "build_ms", 1234.5, "ms"),
    reading("5 MB", "size", 5_535_276, "B"),
    reading("1 MiB pack", "ratio", 129.84, "x"),
  ];
  expect(tables(readings).split("\n")).toEqual([
    "           5 KB     5 MB",
    "build_ms  0.123     1235  ms",
    "size       6433  5535276  B",
    "",
    "       1 MiB pack",
    "ratio         130  x",
    "",
  ]);
});
