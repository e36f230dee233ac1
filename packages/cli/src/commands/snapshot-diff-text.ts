import type { PartChange, TextChange, ValueChange } from "@haversack/snapshot";
import type { Paint } from "../print/paint.ts";
import { clip, printable } from "../print/printable.ts";

const valueColumnsMax = 200;
const signs = { added: "+", removed: "-", changed: "~" } as const;

export function diffText(
  heads: { readonly before: string; readonly after: string },
  parts: readonly PartChange[],
  paint: Paint,
): string {
  if (parts.length === 0) return `equal: both are ${heads.before}\n`;
  const lines = [paint.faint(`--- ${heads.before}`), paint.faint(`+++ ${heads.after}`)];
  for (const part of parts) {
    const name = printable(part.id === "" ? part.section : `${part.section}/${part.id}`);
    lines.push("", brush(part.change, paint)(`${signs[part.change]} ${name}`));
    for (const value of part.values) lines.push(...valueLines(value, paint));
    for (const text of part.texts) lines.push(...textHead(text, paint), ...text.lines.map(painted(paint)));
  }
  return `${lines.join("\n")}\n`;
}

function valueLines({ path, before, after }: ValueChange, paint: Paint): string[] {
  const lines = [`  ${printable(path)}`];
  if (before !== undefined) lines.push(paint.bad(`  - ${shown(before)}`));
  if (after !== undefined) lines.push(paint.good(`  + ${shown(after)}`));
  return lines;
}

const shown = (value: unknown): string => clip(printable(JSON.stringify(value)), valueColumnsMax);

function textHead({ path, change, mode, binary }: TextChange, paint: Paint): string[] {
  const modes = mode === undefined ? "" : ` (mode ${mode.before} → ${mode.after})`;
  const bytes = binary ? " (binary)" : "";
  return [`  ${brush(change, paint)(signs[change])} ${printable(path)}${modes}${bytes}`];
}

/** A line of a file is as hostile as a log line. */
function painted(paint: Paint): (line: string) => string {
  return (line) => {
    const text = `    ${printable(line)}`;
    if (line.startsWith("+")) return paint.good(text);
    if (line.startsWith("-")) return paint.bad(text);
    return line.startsWith("@@") ? paint.busy(text) : text;
  };
}

function brush(change: PartChange["change"], paint: Paint): (text: string) => string {
  if (change === "changed") return paint.busy;
  return change === "added" ? paint.good : paint.bad;
}
