/** Paths such as `${RESULT.outputs.TOTAL}` in a Dagu file, which Dagu looks up before a shell sees the text. */

import type { DraftStep } from "./draft.ts";
import type { Losses } from "./losses.ts";
import type { Meaning } from "./other-work.ts";

const pathForm = /\$\{([A-Za-z_][\w-]*(?:\.[\w-]+)+)\}/g;

export const outputOf = (id: string, name: string): string => `\${{ steps.${id}.outputs.${name} }}`;

/** @param plain what variables stand for */
export function pathMeaning(path: string, before: readonly DraftStep[], plain: Meaning): string | undefined {
  const [, scope, name] = /^(params|env)\.(\w+)$/.exec(path) ?? [];
  if (scope !== undefined && name !== undefined) return plain(name);
  const [, id, output] = /^steps\.([\w-]+)\.outputs\.([\w-]+)$/.exec(path) ?? [];
  const maker = before.find((step) => step.id === id && isMaker(step, output ?? ""));
  if (maker !== undefined && output !== undefined) return outputOf(maker.id, output);
  const [, result, told] = /^(\w+)\.outputs\.([\w-]+)$/.exec(path) ?? [];
  const child = before.findLast(
    ({ work }) => work?.kind === "dag" && work.result === result && work.isMany !== true,
  );
  return child === undefined || told === undefined ? undefined : outputOf(child.id, told);
}

const isMaker = ({ output, work }: DraftStep, name: string): boolean =>
  output === name || work?.fields?.includes(name) === true || (work?.kind === "dag" && work.isMany !== true);

/** A shell has variables only: each path becomes one. */
export function rewritePaths(step: DraftStep, meaning: Meaning): void {
  const rewritten = (text: string): string =>
    text.replace(pathForm, (all, path: string) => {
      const value = meaning(path);
      if (value === undefined) return all;
      const [, own] = /^(?:params|env)\.(\w+)$/.exec(path) ?? [];
      if (own !== undefined) return `\${${own}}`;
      const name = path.replace(/[.-]/g, "_");
      step.env.set(name, value);
      return `\${${name}}`;
    });
  step.prelude = step.prelude.map(rewritten);
  step.script = rewritten(step.script);
}

export function refusePaths({ script, field }: DraftStep, losses: Losses): void {
  const [path] = /\$\{[A-Za-z_][\w-]*\.[^}]*\}/.exec(script) ?? [];
  if (path !== undefined)
    losses.lose(
      field,
      `${path} looks into a step or an output; read it with jq in the command, from an output`,
    );
  if (script.includes("${{")) losses.lose(field, "contains ${{, which would be an expression here");
}

/** What Dagu knows of a child run, as JSON. */
export function refuseResult({ field }: DraftStep, { id, work }: DraftStep, losses: Losses): void {
  const list = work?.isMany === true ? ", each a list in the order of the items" : "";
  losses.lose(
    field,
    `$${work?.result ?? ""} is JSON of Dagu about the child run; here the step "${id}" has the outputs of its DAG, by name${list}: take each by \`env\``,
  );
}
