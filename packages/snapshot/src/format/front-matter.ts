/** Splits a Markdown file at its front matter, without parsing it: a worker needs the body alone. */

export interface FrontMatter {
  /** Without the fences; undefined: the file has none. */
  readonly yaml: string | undefined;
  readonly body: string;
  /** Lines before the first line of the YAML, and before the body. */
  readonly yamlLine: number;
  readonly bodyLine: number;
}

const fence = /^---[ \t]*$/;

export function splitFrontMatter(text: string): FrontMatter {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const none = { yaml: undefined, body: text, yamlLine: 0, bodyLine: 0 };
  if (!fence.test(lines[0] ?? "")) return none;
  const end = lines.findIndex((line, index) => index > 0 && fence.test(line));
  if (end < 0) return none;
  return {
    yaml: lines.slice(1, end).join("\n"),
    body: lines.slice(end + 1).join("\n"),
    yamlLine: 1,
    bodyLine: end + 1,
  };
}
