/** The documents of one YAML file, each with the lines before it. */

export interface YamlText {
  readonly text: string;
  /** Lines of the file before the text. */
  readonly lineOffset: number;
}

/** A line that begins with `---` or `...` is never content, not even in a block of text. */
export function documentsOf(text: string): YamlText[] {
  const found: { lines: string[]; lineOffset: number }[] = [{ lines: [], lineOffset: 0 }];
  for (const [index, line] of text.split("\n").entries()) {
    const isStart = /^---(\s|$)/.test(line);
    if (isStart) found.push({ lines: [], lineOffset: index });
    // What stands behind the dashes belongs to the document, in its column.
    const own = isStart ? `   ${line.slice(3)}` : /^\.\.\.(\s|$)/.test(line) ? "" : line;
    found.at(-1)?.lines.push(own);
  }
  const filled = found.filter(({ lines }) => lines.some((line) => !/^\s*(#.*)?$/.test(line)));
  return (filled.length === 0 ? found.slice(0, 1) : filled).map(({ lines, lineOffset }) => ({
    text: lines.join("\n"),
    lineOffset,
  }));
}
