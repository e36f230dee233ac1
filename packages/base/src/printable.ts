/**
 * Text from elsewhere, made safe to look at: a log line or a file name must not move the cursor, set the title or turn
 * the direction of writing. Colours are dropped, every other control character is shown as `\x1b`.
 */

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const colour = /\u001b\[[0-9;:]*m/g;
// C0 but tab, C1, and what changes the direction of text.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const hidden = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One line. */
export function printable(text: string): string {
  return withoutHidden(text.replace(colour, ""));
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

/** One line; colours are taken for what they are, control characters. */
export const withoutHidden = (text: string): string => text.replace(hidden, escaped);

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
