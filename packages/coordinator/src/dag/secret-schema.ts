/**
 * `secrets` of a DAG and of its steps: variables of a step's processes whose values come from the vault, or from the worker
 * that runs the step. A DAG holds names only, and no expression can read a value.
 */

import { type SecretSourceName, type StepSecret, secretLimits } from "@haversack/protocol";
import { z } from "zod";
import { isForbiddenEnv } from "./dotenv.ts";

const perStepMax = secretLimits.perStepMax;
const variableForm = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** As the vault has them; a pattern, so that the JSON Schema has it. */
const nameForm = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const nameExpected = "expected the name of a secret: lower-case letters and digits, joined by single hyphens";
const name = z.string().max(64, nameExpected).regex(nameForm, nameExpected);
const variable = z.string().regex(variableForm, "expected a variable name such as GITHUB_TOKEN");
const source = z
  .union(
    [
      name,
      z.strictObject({ secret: name }),
      z.strictObject({ env: variable }),
      z.strictObject({ file: z.string().max(1024).regex(/^\/./, "expected an absolute path") }),
    ],
    "expected the name of a secret, {secret: name}, or of the worker {env: NAME} or {file: /path}",
  )
  .meta({ id: "secretSource" });

export const secretsSchema = z
  .union(
    [z.array(name).max(perStepMax), z.record(variable, source)],
    `expected a list of at most ${perStepMax} names, or VARIABLE: name`,
  )
  .refine((given) => Object.keys(given).length <= perStepMax, `expected at most ${perStepMax} secrets`)
  .meta({ id: "secrets" });

type Given = z.infer<typeof secretsSchema>;

interface WithSecrets {
  readonly secrets?: Given | undefined;
}

/** Those of the DAG are for its commands that do not say their own; what an agent's tools may see, its step says itself. */
export function secretsOf(
  step: WithSecrets & { readonly run?: unknown },
  dag: WithSecrets,
): { readonly secrets?: readonly StepSecret[] } {
  const given = step.secrets ?? (step.run === undefined ? undefined : dag.secrets) ?? [];
  const secrets = Array.isArray(given)
    ? given.map((secret): StepSecret => ({ variable: variableOf(secret), from: { secret } }))
    : Object.entries(given).map(([variable, from]): StepSecret => ({ variable, from: sourceOf(from) }));
  return secrets.length === 0 ? {} : { secrets };
}

/** `github-token` is given as GITHUB_TOKEN. */
const variableOf = (secret: string): string => secret.toUpperCase().replaceAll("-", "_");

const sourceOf = (from: z.infer<typeof source>): SecretSourceName =>
  typeof from === "string" ? { secret: from } : from;

export interface SecretProblem {
  /** Behind that of whoever has the secrets. */
  readonly path: readonly (string | number)[];
  readonly code: string;
  readonly message: string;
}

/** @param env of the same step: one name would have two values */
export function secretProblems(
  { secrets: given = [] }: WithSecrets,
  env: Readonly<Record<string, unknown>> = {},
): SecretProblem[] {
  const named = Array.isArray(given)
    ? given.map((secret, index) => ({ name: variableOf(secret), path: ["secrets", index] }))
    : Object.keys(given).map((name) => ({ name, path: ["secrets", name] }));
  const seen = new Set<string>();
  return named.flatMap(({ name, path }) => {
    const problem = variableProblem(name, seen, env);
    seen.add(name);
    return problem === undefined ? [] : [{ path, code: "bad_secrets", message: problem }];
  });
}

function variableProblem(
  name: string,
  seen: ReadonlySet<string>,
  env: Readonly<Record<string, unknown>>,
): string | undefined {
  if (!variableForm.test(name)) {
    return `${name} cannot be a variable; choose one: secrets: { NAME: ${name.toLowerCase().replaceAll("_", "-")} }`;
  }
  if (isForbiddenEnv(name)) return `${name} is reserved or decides what programs load; use another name`;
  if (Object.hasOwn(env, name)) return `${name} stands in \`env\` too; leave one of them out`;
  return seen.has(name) ? `${name} is listed twice` : undefined;
}
