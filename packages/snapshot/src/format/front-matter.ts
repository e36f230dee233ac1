/** Splits a Markdown file at its front matter, without parsing it and without altering a character of either part. */

export interface FrontMatter {
  /** Without the fences; undefined: the file has none. */
  readonly yaml: string | undefined;
  readonly body: string;
  /** Lines of the file before the YAML. */
  readonly yamlLine: number;
}

const opening = /^\uFEFF?---[ \t]*\r?\n/;
const closing = /^---[ \t]*(?:\r?\n|$)/m;

export function splitFrontMatter(text: string): FrontMatter {
  const start = opening.exec(text)?.[0].length;
  if (start === undefined) return { yaml: undefined, body: text, yamlLine: 0 };
  const rest = text.slice(start);
  const end = closing.exec(rest);
  if (end === null) return { yaml: undefined, body: text, yamlLine: 0 };
  return { yaml: rest.slice(0, end.index), body: rest.slice(end.index + end[0].length), yamlLine: 1 };
}
