/**
 * `${{ }}`: data paths, evaluated by us; nothing in them is code. Known roots: `params.<name>`,
 * `steps.<id>.outputs.<name>`, `run.id` and `run.dag`. They stand in env values, prompts and worker labels, and never
 * inside `run`: what an agent or a parameter says must not become shell text.
 */

import type { JsonValue } from "@haversack/protocol";

export type DataPath =
  | { readonly root: "params"; readonly name: string }
  | { readonly root: "steps"; readonly stepId: string; readonly output: string }
  | { readonly root: "run"; readonly field: "id" | "dag" };

export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "path"; readonly path: DataPath };

/** What a template may look at. */
export interface TemplateData {
  readonly params: ReadonlyMap<string, JsonValue>;
  /** `<step>/<output>` to its value; an output that never came is absent. */
  readonly outputs: ReadonlyMap<string, JsonValue>;
  readonly run: { readonly id: string; readonly dag: string };
}

export type TemplateParse =
  | { readonly ok: true; readonly parts: readonly TemplatePart[] }
  | { readonly ok: false; readonly problem: string };

const expressionCharactersMax = 4096;

export function hasExpression(text: string): boolean {
  return text.includes("${{");
}

export function parseTemplate(text: string): TemplateParse {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf("${{", at);
    if (open < 0) break;
    const close = text.indexOf("}}", open);
    if (close < 0) return { ok: false, problem: "has a ${{ without its }}" };
    if (close - open > expressionCharactersMax) {
      return { ok: false, problem: `has an expression of more than ${expressionCharactersMax} characters` };
    }
    const inside = text.slice(open + 3, close).trim();
    const path = parsePath(inside);
    if (path === undefined) return { ok: false, problem: badExpression(inside) };
    parts.push({ kind: "text", text: text.slice(at, open) }, { kind: "path", path });
    at = close + 2;
  }
  parts.push({ kind: "text", text: text.slice(at) });
  return { ok: true, parts: parts.filter((part) => part.kind === "path" || part.text !== "") };
}

function badExpression(inside: string): string {
  const shown = JSON.stringify(inside.slice(0, 80));
  return `has the expression ${shown}; expected params.<name>, steps.<id>.outputs.<name>, run.id or run.dag`;
}

function parsePath(text: string): DataPath | undefined {
  const [, param] = /^params\.([A-Za-z][A-Za-z0-9_]{0,63})$/.exec(text) ?? [];
  if (param !== undefined) return { root: "params", name: param };
  const [, stepId, output] =
    /^steps\.([A-Za-z][A-Za-z0-9_-]{0,63})\.outputs\.([A-Za-z][A-Za-z0-9_-]{0,63})$/.exec(text) ?? [];
  if (stepId !== undefined && output !== undefined) return { root: "steps", stepId, output };
  if (text === "run.id") return { root: "run", field: "id" };
  if (text === "run.dag") return { root: "run", field: "dag" };
  return undefined;
}

/** The paths of a template that is known to be good. */
export function pathsOf(text: string): DataPath[] {
  const parsed = parseTemplate(text);
  return parsed.ok ? parsed.parts.flatMap((part) => (part.kind === "path" ? [part.path] : [])) : [];
}

/** Text with every expression replaced. A value that is no string is printed as JSON, `null` as nothing. */
export function render(text: string, data: TemplateData): string {
  const parsed = parseTemplate(text);
  if (!parsed.ok) return text;
  return parsed.parts
    .map((part) => (part.kind === "text" ? part.text : printed(valueAt(part.path, data))))
    .join("");
}

function valueAt(path: DataPath, data: TemplateData): JsonValue {
  switch (path.root) {
    case "params":
      return data.params.get(path.name) ?? null;
    case "steps":
      return data.outputs.get(`${path.stepId}/${path.output}`) ?? null;
    case "run":
      return data.run[path.field];
  }
}

function printed(value: JsonValue): string {
  if (value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
