/** Reads the fact files of the repository report: `key: value` lines, and blocks of lines below a line `title:`. */

export interface Facts {
  /** Empty when there is no such fact. */
  value(key: string): string;
  /** The lines below `title:`, up to an empty line. */
  block(title: string): readonly string[];
}

export function readFacts(texts: readonly string[]): Facts {
  const values = new Map<string, string>();
  const blocks = new Map<string, string[]>();
  for (const text of texts) readText(text, values, blocks);
  return { value: (key) => values.get(key) ?? "", block: (title) => blocks.get(title) ?? [] };
}

function readText(text: string, values: Map<string, string>, blocks: Map<string, string[]>): void {
  let block: string[] | undefined;
  for (const line of text.split("\n")) {
    if (line === "") block = undefined;
    else if (block !== undefined) block.push(line);
    else if (line.endsWith(":")) blocks.set(line.slice(0, -1), (block = []));
    else {
      const at = line.indexOf(": ");
      const key = line.slice(0, at);
      // The first one counts: a later line is text of somebody else.
      if (at > 0 && !values.has(key)) values.set(key, line.slice(at + 2));
    }
  }
}
