/**
 * `${{ }}` in text: env values, prompts and worker labels. Never inside `run`: what an agent or a parameter says must
 * not become shell text. The language of what stands between is in `expression-parse.ts`.
 */

import type { JsonValue } from "@haversack/protocol";
import {
  type DataPath,
  type Expression,
  expressionCharactersMax,
  parseExpression,
  partsOf,
} from "./expression-parse.ts";
import { printed, type TemplateData, valueOf } from "./expression-value.ts";

export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "expression"; readonly expression: Expression };

export type TemplateParse =
  | { readonly ok: true; readonly parts: readonly TemplatePart[] }
  | { readonly ok: false; readonly problem: string };

export function hasExpression(text: string): boolean {
  return text.includes("${{");
}

export function parseTemplate(text: string): TemplateParse {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf("${{", at);
    if (open < 0) break;
    const close = closeOf(text, open + 3);
    if (close === "too long") {
      return { ok: false, problem: `has an expression of more than ${expressionCharactersMax} characters` };
    }
    if (close === undefined) return { ok: false, problem: "has a ${{ without its }}" };
    const parsed = parseExpression(text.slice(open + 3, close));
    if (!parsed.ok) return parsed;
    parts.push({ kind: "text", text: text.slice(at, open) }, { kind: "expression", ...parsed });
    at = close + 2;
  }
  parts.push({ kind: "text", text: text.slice(at) });
  return { ok: true, parts: parts.filter((part) => part.kind === "expression" || part.text !== "") };
}

/** Where the expression ends: at the first `}}` that does not stand in quotes. */
function closeOf(text: string, start: number): number | "too long" | undefined {
  let quote = "";
  for (let at = start; at < text.length; at++) {
    if (at - start > expressionCharactersMax) return "too long";
    const character = text.charAt(at);
    if (quote === "" && character === "}" && text.charAt(at + 1) === "}") return at;
    if (quote === "" && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = "";
  }
  return undefined;
}

/** The paths of an expression, in no order. */
export function pathsIn(expression: Expression): DataPath[] {
  return [...partsOf(expression)].flatMap((part) => (part.kind === "path" ? [part.path] : []));
}

/** The paths of a template that is known to be good. */
export function pathsOf(text: string): DataPath[] {
  const parsed = parseTemplate(text);
  if (!parsed.ok) return [];
  return parsed.parts.flatMap((part) => (part.kind === "expression" ? pathsIn(part.expression) : []));
}

/** A text that is one whole expression keeps the type of its value; else text with every expression replaced. */
export function evaluate(text: string, data: TemplateData): JsonValue {
  const parsed = parseTemplate(text);
  if (!parsed.ok) return text;
  const [first] = parsed.parts;
  if (parsed.parts.length === 1 && first?.kind === "expression") return valueOf(first.expression, data);
  return parsed.parts
    .map((part) => (part.kind === "text" ? part.text : printed(valueOf(part.expression, data))))
    .join("");
}

/** Always text. A value that is no text is printed as JSON, `null` as nothing. */
export function render(text: string, data: TemplateData): string {
  return printed(evaluate(text, data));
}
