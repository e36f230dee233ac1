/** Readings as a table: metrics below each other, cases beside each other; cases with other metrics get their own. */

import type { Reading } from "./bench.ts";

export function tables(readings: readonly Reading[]): string {
  const groups = Map.groupBy(readings, (reading) => reading.case);
  const alike = Map.groupBy(groups.values(), (group) => group.map(({ metric }) => metric).join());
  return [...alike.values()].map(table).join("\n");
}

/** @param cases each with the same metrics in the same order */
function table(cases: readonly (readonly Reading[])[]): string {
  const first = cases[0] ?? [];
  const header = ["", ...cases.map((readings) => readings[0]?.case ?? ""), ""];
  const rows = first.map(({ metric, unit }, index) => [
    metric,
    ...cases.map((readings) => printed(readings[index]?.value ?? Number.NaN)),
    unit,
  ]);
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  // Figures to the right, names and units to the left.
  const isFigure = (column: number): boolean => column > 0 && column < header.length - 1;
  const cell = (text: string, column: number): string =>
    isFigure(column) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return all.map((row) => `${row.map(cell).join("  ").trimEnd()}\n`).join("");
}

/** Three digits that mean something. */
function printed(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}
