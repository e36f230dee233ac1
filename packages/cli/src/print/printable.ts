/** What is printed is safe for a terminal, and measured as a terminal shows it. */

import { printable, withoutHidden } from "@haversack/base";

export { printable, printableLines } from "@haversack/base";

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const colour = /\u001b\[[0-9;:]*m/g;

/** One line for a terminal that has colours: those of the text are kept, and end with it. */
export function printableInColour(text: string): string {
  if (!text.includes("\u001b[")) return printable(text);
  const plain = text.split(colour).map((part) => withoutHidden(part));
  const colours = text.match(colour) ?? [];
  const kept = plain.map((part, index) => `${part}${colours[index] ?? ""}`).join("");
  return colours.length === 0 ? kept : `${kept}\u001b[0m`;
}

/** Several lines where there is room for one, such as in a table. */
export function printableInOne(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return printable(lines.filter((line) => line !== "").join("; "));
}
// oxlint-disable-next-line no-control-regex -- our own colours
const ours = /\u001b\[[0-9;]*m/g;
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns that the text takes on a terminal; our own colours take none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replace(ours, "")) width += columnsOf(character);
  return width;
}

function columnsOf(character: string): number {
  if (wide.test(character)) return 2;
  return /\p{Mn}/u.test(character) ? 0 : 1;
}

/** Cuts plain text (no colours) to at most `columns`, with `…` where something is left out. */
export function clip(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : "";
}
