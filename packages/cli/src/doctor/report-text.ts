/** A finding as a person reads it. */

import type { Paint } from "../print/paint.ts";
import { printableLines } from "../print/printable.ts";
import type { Report, Verdict } from "./check.ts";

const marks = { ok: "ok", warning: "warning", problem: "PROBLEM" } as const satisfies Record<Verdict, string>;

export function reportText({ name, verdict, found, advice }: Report, paint: Paint): string {
  const brush = { ok: paint.good, warning: paint.busy, problem: paint.bad }[verdict];
  const line = `${brush(marks[verdict].padEnd(8))} ${name.padEnd(19)} ${printableLines(found, 29)}\n`;
  return advice === undefined
    ? line
    : `${line}${" ".repeat(29)}${paint.faint(`→ ${printableLines(advice, 31)}`)}\n`;
}
