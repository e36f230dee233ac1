/** The words of an expression. */

import { FaultError } from "@haversack/base";

export type Token =
  | { readonly kind: "literal"; readonly value: string | number }
  /** A name, or names joined by dots. */
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "sign"; readonly text: string }
  | { readonly kind: "end" };

const space = /[ \t\r\n]+/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.])/y;
const word = /[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z][A-Za-z0-9_-]*)*/y;
const sign = /==|!=|<=|>=|&&|\|\||[<>!(),]/y;
/** A quote in the text is doubled. */
const quoted = /'(?:[^']|'')*'|"(?:[^"]|"")*"/y;

/** The last one is the end. Throws FaultError `bad_expression`. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const took = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    at += found?.length ?? 0;
    return found;
  };
  for (;;) {
    took(space);
    if (at === text.length) return [...tokens, { kind: "end" }];
    tokens.push(tokenAt(took, text, at));
  }
}

function tokenAt(took: (pattern: RegExp) => string | undefined, text: string, at: number): Token {
  const digits = took(number);
  if (digits !== undefined) return { kind: "literal", value: numberOf(digits) };
  const name = took(word);
  if (name !== undefined) return { kind: "word", text: name };
  const literal = took(quoted);
  if (literal !== undefined) return { kind: "literal", value: unquoted(literal) };
  const mark = took(sign);
  if (mark !== undefined) return { kind: "sign", text: mark };
  throw new FaultError("invalid", "bad_expression", stray(text, at));
}

function stray(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (character === "'" || character === '"') return `a ${character} without its closing one`;
  return `${JSON.stringify(character)} at character ${at + 1} means nothing here`;
}

function numberOf(digits: string): number {
  const value = Number(digits);
  if (Number.isFinite(value)) return value;
  throw new FaultError("invalid", "bad_expression", `the number ${digits.slice(0, 40)} is too large`);
}

function unquoted(literal: string): string {
  const quote = literal.slice(0, 1);
  return literal.slice(1, -1).replaceAll(quote + quote, quote);
}
