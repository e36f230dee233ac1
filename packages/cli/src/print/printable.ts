/**
 * Text from elsewhere, made safe for a terminal: a log line or a file name must not move the cursor, set the title or
 * turn the direction of writing. Colours are dropped, every other control character is shown as `\x1b`.
 */

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const colour = /\u001b\[[0-9;:]*m/g;
// C0 but tab, C1, and what changes the direction of text.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const hidden = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One line. */
export function printable(text: string): string {
  return text.replace(colour, "").replace(hidden, escaped);
}

/** One line for a terminal that has colours: those of the text are kept, and end with it. */
export function printableInColour(text: string): string {
  if (!text.includes("\u001b[")) return printable(text);
  const plain = text.split(colour).map((part) => part.replace(hidden, escaped));
  const colours = text.match(colour) ?? [];
  const kept = plain.map((part, index) => `${part}${colours[index] ?? ""}`).join("");
  return colours.length === 0 ? kept : `${kept}\u001b[0m`;
}

/**
 * Several lines: line breaks stay. Lines after the first are indented by so many columns: none of them can pass for one of
 * ours.
 */
export function printableLines(text: string, columns = 0): string {
  return text
    .split(/\r?\n/)
    .map(printable)
    .join(`\n${" ".repeat(columns)}`);
}

/** Several lines where there is room for one, such as in a table. */
export function printableInOne(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return printable(lines.filter((line) => line !== "").join("; "));
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
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
