/** What a `deploy` step asks of placement, known before the step is ready: its deployment's name, and whether its image is pulled. Pure. */

import { FaultError } from "@haversack/base";
import type { DeploySpec, Failure, JsonValue, StepSpec } from "@haversack/protocol";
import type { TemplateData } from "./expression-value.ts";
import { pathsOf, render } from "./expressions.ts";
import type { LimitUse } from "./limits.ts";
import { isSlug } from "./slug-form.ts";

const code = "bad_deployment_name";

function nameFailure(name: string, of?: string): Failure | undefined {
  if (isSlug(name)) return undefined;
  const shown = `${JSON.stringify(name.slice(0, 80))}${of === undefined ? "" : ` for ${of}`}`;
  const message = `\`deploy.name\` gave ${shown}: a deployment is named in lower-case letters and digits, joined by single hyphens, at most 64 in all`;
  return { code, message };
}

/** All steps of a queue deploy, or remove, the same name. */
export interface DeploymentNeed {
  readonly name: string;
  /** The image is a reference, which the engine has to pull. */
  readonly pulls: boolean;
}

/** The text names the item that a step is done for, so that each item has another one. */
export const namesItem = (text: string): boolean =>
  pathsOf(text).some(({ root }) => root === "item" || root === "matrix" || root === "index");

/** Undefined: it is none, or its items deploy, each under a name of its own. Throws FaultError `invalid` when the name is none. */
export function deploymentOf(
  { work, foreach }: Pick<StepSpec, "work" | "foreach">,
  fill: (text: string) => string,
): DeploymentNeed | undefined {
  if (work.kind !== "deploy" || foreach !== undefined) return undefined;
  return needOf(work, fill);
}

/** Throws FaultError `invalid` when the name is none. */
export function needOf(work: DeploySpec, fill: (text: string) => string): DeploymentNeed {
  const name = fill(work.name);
  const failure = nameFailure(name);
  if (failure !== undefined) throw new FaultError("invalid", failure.code, failure.message);
  return { name, pulls: work.state === "running" && work.image !== "base" };
}

/** What is wrong with the names that items deploy: one that is none, or one twice. */
export function itemNamesFailure(
  work: StepSpec["work"],
  items: readonly JsonValue[],
  data: TemplateData,
): Failure | undefined {
  if (work.kind !== "deploy") return undefined;
  const seen = new Map<string, number>();
  for (const [index, value] of items.entries()) {
    const name = render(work.name, { ...data, item: { index, value } });
    const failure = nameFailure(name, `item ${index}`) ?? twice(name, seen.get(name), index);
    if (failure !== undefined) return failure;
    seen.set(name, index);
  }
  return undefined;
}

const twice = (name: string, first: number | undefined, index: number): Failure | undefined =>
  first === undefined
    ? undefined
    : {
        code,
        message: `items ${first} and ${index} both deploy ${name}: the second would replace the first`,
      };

/** One deploy of a name at a time. */
export function withDeployment(
  limits: readonly LimitUse[],
  { name }: DeploymentNeed,
): readonly [LimitUse, ...LimitUse[]] {
  return [{ kind: "deployment", name, units: 1, limit: 1 }, ...limits];
}
