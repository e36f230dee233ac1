/** Parameter values: text from a command line becomes what the DAG declares, and is checked against it. */

import { didYouMean, messageOf } from "@haversack/base";
import {
  type DagSpec,
  type JsonObject,
  type JsonValue,
  type ParamSpec,
  type Problem,
  ProblemsError,
} from "@haversack/protocol";
import { z } from "zod";

/** What is wrong with a parameter's schema or its default, or undefined. */
export function schemaProblem(spec: ParamSpec): string | undefined {
  try {
    const schema = z.fromJSONSchema(spec.schema);
    if (spec.default === undefined) return undefined;
    const checked = schema.safeParse(spec.default);
    return checked.success ? undefined : `its default does not fit its schema: ${firstIssue(checked.error)}`;
  } catch (error) {
    return `its JSON Schema is not usable: ${messageOf(error)}`;
  }
}

/** Every declared parameter with its value. Throws ProblemsError with all that is wrong. */
export function settleParams(dag: DagSpec, given: JsonObject, file: string): JsonObject {
  const problems: Problem[] = [];
  const values: Record<string, JsonValue> = {};
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(dag.params, name)) continue;
    const near = didYouMean(name, Object.keys(dag.params));
    problems.push(problem(file, name, "unknown_param", `the DAG declares no parameter "${name}"${near}`));
  }
  for (const [name, spec] of Object.entries(dag.params)) {
    const value = settle(spec, Object.hasOwn(given, name) ? given[name] : undefined, (message) =>
      problems.push(problem(file, name, "bad_param", message)),
    );
    if (value !== undefined) values[name] = value;
  }
  if (problems.length > 0) throw new ProblemsError(problems);
  return values;
}

function problem(file: string, name: string, code: string, message: string): Problem {
  return { file, line: 0, column: 0, field: `params.${name}`, code, message };
}

/** A schema is made ready once for all runs of its DAG: that takes longer than the rest of a small submission's checks. */
const checks = new WeakMap<ParamSpec["schema"], z.ZodType>();

function checkOf({ schema }: ParamSpec): z.ZodType {
  const check = checks.get(schema) ?? z.fromJSONSchema(schema);
  checks.set(schema, check);
  return check;
}

/** What is wrong with a value that is given for a parameter, or undefined. */
export function valueProblem(spec: ParamSpec, given: JsonValue): string | undefined {
  const value = typeof given === "string" ? coerce(spec, given) : given;
  const checked = checkOf(spec).safeParse(value);
  return checked.success ? undefined : `does not fit: ${firstIssue(checked.error)}`;
}

function settle(
  spec: ParamSpec,
  given: JsonValue | undefined,
  report: (message: string) => void,
): JsonValue | undefined {
  if (given === undefined) {
    if (spec.required) report(`is required: give it with -p NAME=VALUE (${spec.description ?? spec.type})`);
    return pathProblem(spec, spec.default, report) ? undefined : spec.default;
  }
  const value = typeof given === "string" ? coerce(spec, given) : given;
  const problem = valueProblem(spec, given);
  if (problem !== undefined) {
    report(problem);
    return undefined;
  }
  return pathProblem(spec, value, report) ? undefined : value;
}

/** A path means something on one host only, so the client makes it absolute before it is sent. */
function pathProblem(
  spec: ParamSpec,
  value: JsonValue | undefined,
  report: (message: string) => void,
): boolean {
  if (spec.schema["format"] !== "path" || typeof value !== "string" || value.startsWith("/")) return false;
  report("is a path: send an absolute one (the command line makes it so by itself)");
  return true;
}

/** Text that looks like the declared type becomes that type; what does not is left for the schema to refuse. */
export function coerce({ type }: { readonly type?: unknown }, text: string): JsonValue {
  if (type === "string") return text;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "refused by its schema";
  const where = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  return `${where}${issue.message}`;
}
