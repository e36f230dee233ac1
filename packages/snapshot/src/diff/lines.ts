/** Two texts line by line, as hunks of a unified diff. Costs what its bounds allow, whatever the texts are. */

/** Cells of the table of common lines; what needs more is told as one replacement. */
const cellsMax = 4_000_000;
const contextLines = 3;

interface Edit {
  readonly sign: " " | "-" | "+";
  readonly line: string;
}

/** Each hunk starts with `@@ -from,count +from,count @@`; equal texts have none. */
export function unifiedLines(before: string, after: string): string[] {
  return hunks(edits(linesOf(before), linesOf(after)));
}

/** With their line breaks, so that a missing last one is a difference. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

function edits(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const shorter = Math.min(before.length, after.length) - head;
  while (tail < shorter && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

const same = (line: string): Edit => ({ sign: " ", line });
const removed = (line: string): Edit => ({ sign: "-", line });
const added = (line: string): Edit => ({ sign: "+", line });

function middle(before: readonly string[], after: readonly string[]): Edit[] {
  if ((before.length + 1) * (after.length + 1) > cellsMax) {
    return [...before.map(removed), ...after.map(added)];
  }
  return walk(before, after, commonLines(before, after));
}

/** Cell `i, j`: how many lines `before` from i on and `after` from j on have in common, in order. */
function commonLines(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const table = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const [down, right] = [table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0];
      const both = (table[(i + 1) * width + j + 1] ?? 0) + 1;
      table[i * width + j] = before[i] === after[j] ? both : Math.max(down, right);
    }
  }
  return table;
}

/** From the first lines to the last; of two ways that are equally short, removals come first. */
function walk(before: readonly string[], after: readonly string[], table: Uint32Array): Edit[] {
  const width = after.length + 1;
  const out: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [from, to] = [before[i], after[j]];
    const down = table[(i + 1) * width + j] ?? -1;
    const right = table[i * width + j + 1] ?? -1;
    if (from !== undefined && from === to) {
      out.push(same(from));
      i++;
      j++;
    } else if (from !== undefined && (to === undefined || down >= right)) {
      out.push(removed(from));
      i++;
    } else {
      out.push(added(to ?? ""));
      j++;
    }
  }
  return out;
}

/** Changes with some lines around them; what is near each other shares a hunk. */
function hunks(all: readonly Edit[]): string[] {
  const out: string[] = [];
  const counted = { before: 0, after: 0 };
  let at = 0;
  for (const [start, end] of ranges(all)) {
    count(all.slice(at, start), counted);
    const hunk = all.slice(start, end);
    out.push(headOf(hunk, counted));
    // One by one: a hunk may have more lines than a call may have arguments.
    for (const line of hunk.flatMap(lineText)) out.push(line);
    count(hunk, counted);
    at = end;
  }
  return out;
}

function ranges(all: readonly Edit[]): (readonly [start: number, end: number])[] {
  const found: [number, number][] = [];
  for (const [index, { sign }] of all.entries()) {
    if (sign === " ") continue;
    const [start, end] = [Math.max(0, index - contextLines), Math.min(all.length, index + contextLines + 1)];
    const last = found.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = end;
    else found.push([start, end]);
  }
  return found;
}

function count(part: readonly Edit[], counted: { before: number; after: number }): void {
  for (const { sign } of part) {
    if (sign !== "+") counted.before++;
    if (sign !== "-") counted.after++;
  }
}

/** As diff counts: an empty side starts at the line before it. */
function headOf(hunk: readonly Edit[], counted: { readonly before: number; readonly after: number }): string {
  const inside = { before: 0, after: 0 };
  count(hunk, inside);
  const side = (from: number, length: number) => `${length === 0 ? from : from + 1},${length}`;
  return `@@ -${side(counted.before, inside.before)} +${side(counted.after, inside.after)} @@`;
}

function lineText({ sign, line }: Edit): string[] {
  if (line.endsWith("\n")) return [sign + line.slice(0, -1)];
  return [sign + line, "\\ No newline at end of file"];
}
