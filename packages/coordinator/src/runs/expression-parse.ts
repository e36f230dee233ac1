/**
 * The text of one expression as a tree. Data and a few functions only; nothing in it is code. Small on purpose: no
 * arithmetic, no indexing, no loops, so that evaluating one is bounded by its length.
 *
 *   or       = and { "||" and }                and   = compare { "&&" compare }
 *   compare  = unary [ ("==" | "!=" | "<" | "<=" | ">" | ">=") unary ]
 *   unary    = "!" unary | primary             primary = literal | path | name "(" [ or { "," or } ] ")" | "(" or ")"
 *
 * Text stands in single or double quotes; a quote in it is doubled.
 */

import { didYouMean, FaultError, messageOf, present } from "@haversack/base";
import { type Token, tokensOf } from "./expression-tokens.ts";

export type DataPath =
  | { readonly root: "params"; readonly name: string }
  | { readonly root: "steps"; readonly stepId: string; readonly output: string }
  | { readonly root: "status"; readonly stepId: string }
  | { readonly root: "run"; readonly field: RunField }
  /** The item itself, or one of its fields. */
  | { readonly root: "item"; readonly field?: string }
  | { readonly root: "matrix"; readonly name: string }
  | { readonly root: "index" };

export type RunField = "id" | "dag" | "error" | "status";

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "path"; readonly path: DataPath }
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "all" | "any"; readonly of: readonly Expression[] }
  | {
      readonly kind: "compare";
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "call"; readonly name: FunctionName; readonly args: readonly Expression[] };

export const statusFunctions = ["success", "failure", "always", "cancelled"] as const;
export type StatusFunction = (typeof statusFunctions)[number];

/** How many arguments each function takes. */
const arity = {
  contains: 2,
  startsWith: 2,
  endsWith: 2,
  length: 1,
  default: 2,
  toJson: 1,
  fromJson: 1,
  success: 0,
  failure: 0,
  always: 0,
  cancelled: 0,
} as const;
export type FunctionName = keyof typeof arity;

export type ExpressionParse =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly problem: string };

export const expressionCharactersMax = 4096;
const depthMax = 32;
const expected =
  "expected params.<name>, steps.<id>.outputs.<name>, steps.<id>.status, run.id, run.dag, run.error, in a handler run.status or, with foreach or matrix, item, matrix.<name>, index";

/** Never throws: what is wrong with the text comes back as a sentence. */
export function parseExpression(text: string): ExpressionParse {
  if (text.length > expressionCharactersMax) {
    return { ok: false, problem: `has an expression of more than ${expressionCharactersMax} characters` };
  }
  try {
    const parser = new Parser(tokensOf(text));
    return { ok: true, expression: parser.whole() };
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    const shown = JSON.stringify(text.trim().slice(0, 80));
    return { ok: false, problem: `has the expression ${shown}: ${messageOf(error)}` };
  }
}

/** Every node once, the outer ones first. */
export function* partsOf(expression: Expression): Generator<Expression> {
  const open = [expression];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    yield part;
    if (part.kind === "not") open.push(part.of);
    else if (part.kind === "all" || part.kind === "any") open.push(...part.of);
    else if (part.kind === "call") open.push(...part.args);
    else if (part.kind === "compare") open.push(part.left, part.right);
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#or();
    const rest = this.#next();
    if (rest.kind !== "end") throw wrong(`${shown(rest)} does not belong there; join parts by && or ||`);
    return expression;
  }

  #or(): Expression {
    return this.#chain("||", "any", () => this.#chain("&&", "all", () => this.#compare()));
  }

  #chain(sign: string, kind: "all" | "any", part: () => Expression): Expression {
    const first = part();
    const of = [first];
    while (this.#took(sign)) of.push(part());
    return of.length === 1 ? first : { kind, of };
  }

  #compare(): Expression {
    const left = this.#unary();
    const operator = this.#comparison();
    if (operator === undefined) return left;
    const right = this.#unary();
    const second = this.#comparison();
    if (second !== undefined) throw wrong(`a second ${second}: put parentheses around the first comparison`);
    return { kind: "compare", operator, left, right };
  }

  #comparison(): Comparison | undefined {
    const signs: readonly Comparison[] = ["==", "!=", "<=", ">=", "<", ">"];
    return signs.find((sign) => this.#took(sign));
  }

  #unary(): Expression {
    return this.#deeper(() => (this.#took("!") ? { kind: "not", of: this.#unary() } : this.#primary()));
  }

  #primary(): Expression {
    const token = this.#next();
    if (token.kind === "literal") return { kind: "literal", value: token.value };
    if (token.kind === "word") {
      return this.#took("(") ? this.#call(token.text) : wordOf(token.text);
    }
    if (token.kind === "sign" && token.text === "(") {
      const inner = this.#or();
      this.#close();
      return inner;
    }
    throw wrong(`${shown(token)} where a value belongs; ${expected}`);
  }

  #call(name: string): Expression {
    if (!isFunction(name)) {
      const known = Object.keys(arity);
      const near = didYouMean(name, known) || `; there are ${known.join(", ")}`;
      throw wrong(`unknown function "${name.slice(0, 40)}"${near}`);
    }
    const args: Expression[] = [];
    if (!this.#took(")")) {
      do args.push(this.#or());
      while (this.#took(","));
      this.#close();
    }
    const count = arity[name];
    if (args.length !== count)
      throw wrong(`${name} takes ${count} value${count === 1 ? "" : "s"}, not ${args.length}`);
    return { kind: "call", name, args };
  }

  #deeper<T>(part: () => T): T {
    if (++this.#depth > depthMax) throw wrong(`more than ${depthMax} levels deep`);
    const result = part();
    this.#depth--;
    return result;
  }

  #close(): void {
    if (!this.#took(")")) throw wrong(`${shown(this.#next())} where ) belongs`);
  }

  #took(sign: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "sign" || token.text !== sign) return false;
    this.#at++;
    return true;
  }

  #next(): Token {
    return present(this.#tokens[this.#at++], "the last token is the end");
  }
}

function wordOf(text: string): Expression {
  if (text === "true" || text === "false") return { kind: "literal", value: text === "true" };
  if (text === "null") return { kind: "literal", value: null };
  const path = pathOf(text);
  if (path !== undefined) return { kind: "path", path };
  throw wrong(isFunction(text) ? `${text} is a function: write ${text}()` : `unknown name; ${expected}`);
}

function pathOf(text: string): DataPath | undefined {
  const [, param] = /^params\.([A-Za-z][A-Za-z0-9_]{0,63})$/.exec(text) ?? [];
  if (param !== undefined) return { root: "params", name: param };
  const [, stepId, output] =
    /^steps\.([A-Za-z][A-Za-z0-9_-]{0,63})\.(?:outputs\.([A-Za-z][A-Za-z0-9_-]{0,63})|status)$/.exec(text) ??
    [];
  if (stepId !== undefined) {
    return output === undefined ? { root: "status", stepId } : { root: "steps", stepId, output };
  }
  if (text === "item" || text === "index") return { root: text };
  const [, ofItem, name] = /^(item|matrix)\.([A-Za-z][A-Za-z0-9_-]{0,63})$/.exec(text) ?? [];
  if (name !== undefined) return ofItem === "item" ? { root: "item", field: name } : { root: "matrix", name };
  const [, field] = /^run\.(id|dag|error|status)$/.exec(text) ?? [];
  return field === undefined ? undefined : { root: "run", field: field as RunField };
}

const isFunction = (name: string): name is FunctionName => Object.hasOwn(arity, name);

function shown(token: Token): string {
  if (token.kind === "end") return "the end";
  return JSON.stringify(String(token.kind === "literal" ? token.value : token.text).slice(0, 40));
}

const wrong = (message: string): FaultError => new FaultError("invalid", "bad_expression", message);
