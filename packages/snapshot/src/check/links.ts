/** Relative links of a Markdown file, with their places. Pure, and linear in the text. */

import { posix } from "node:path";

export interface Link {
  /** As it is written. */
  readonly target: string;
  /** From the folder of the skill, `/` between segments; undefined: outside of it. */
  readonly path: string | undefined;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** `[text](target)` and `![text](target)`, with or without a title. */
const link = /\]\(\s*<?([^()<>\s]{1,1024})>?(?:\s+"[^"]{0,1024}")?\s*\)/g;
const fence = /^ {0,3}(?:```|~~~)/;
const elsewhere = /^(?:[a-z][a-z0-9+.-]*:|#|\/\/)/i;

/** Those that lead to files: no addresses, no headings, nothing in code. `from`: the file's own path in the skill. */
export function linksOf(text: string, from = "SKILL.md"): Link[] {
  let inCode = false;
  return text.split("\n").flatMap((line, index) => {
    if (fence.test(line)) {
      inCode = !inCode;
      return [];
    }
    return inCode ? [] : linksOfLine(line, index + 1, from);
  });
}

function linksOfLine(line: string, number: number, from: string): Link[] {
  // Code in a line keeps its length, so that columns stay those of the text.
  const prose = line.replace(/`[^`]*`/g, (code) => " ".repeat(code.length));
  return [...prose.matchAll(link)]
    .map((match) => ({ target: match[1] ?? "", column: match.index + match[0].indexOf(match[1] ?? "") + 1 }))
    .filter(({ target }) => !elsewhere.test(target))
    .map(({ target, column }) => ({ target, path: resolved(target, from), line: number, column }));
}

function resolved(target: string, from: string): string | undefined {
  const bare = decoded(target.replace(/[?#].*$/, ""));
  if (bare.startsWith("/")) return undefined;
  const path = posix.normalize(posix.join(posix.dirname(from), bare)).replace(/\/$/, "");
  return path === ".." || path.startsWith("../") ? undefined : path;
}

function decoded(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}
