/** The form of a human step: which JSON Schemas will do, and whether an answer fits one. */

import { didYouMean, messageOf } from "@haversack/base";
import {
  type ApprovalDecision,
  type JsonObject,
  type JsonValue,
  type Problem,
  ProblemsError,
} from "@haversack/protocol";
import { z } from "zod";
import { coerce } from "./params.ts";

/** Outputs of every human step, beside the fields of its form. */
export const answerOutputs: readonly string[] = ["decision", "by", "onBehalfOf", "comment"];

const fieldName = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const fieldsMax = 100;
const fieldsBytesMax = 64 * 1024;

/** The names of its fields. */
export const fieldsOf = (form: JsonObject | undefined): readonly string[] => Object.keys(propertiesOf(form));

function propertiesOf(form: JsonObject | undefined): JsonObject {
  const properties = form?.["properties"];
  return isObject(properties) ? properties : {};
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is wrong with the schema, or undefined. */
export function formProblem(form: JsonObject): string | undefined {
  const { type = "object", required = [] } = form;
  const names = fieldsOf(form);
  if (type !== "object" || names.length === 0) {
    return "must be the JSON Schema of an object with `properties`: one for each field";
  }
  if (names.length > fieldsMax) return `has ${names.length} fields, at most ${fieldsMax}`;
  const bad = names.find((name) => !fieldName.test(name));
  if (bad !== undefined) return `has a field ${JSON.stringify(bad)}: expected a name such as environment`;
  const taken = names.find((name) => answerOutputs.includes(name));
  if (taken !== undefined) return `has a field "${taken}", which every answer has already; use another name`;
  const absent = Array.isArray(required)
    ? required.find((name) => !names.includes(String(name)))
    : JSON.stringify(required);
  if (absent !== undefined) return `requires ${String(absent)}, which is not among its properties`;
  try {
    schemaOf(form);
    return undefined;
  } catch (error) {
    return `is not a usable JSON Schema: ${messageOf(error)}`;
  }
}

/**
 * The fields of an answer, with the defaults of the form filled in. A rejection need not fill in the form.
 * @param form was checked
 * @throws ProblemsError with all that is wrong
 */
export function settleFields(
  form: JsonObject | undefined,
  given: JsonObject,
  decision: ApprovalDecision,
): JsonObject {
  const properties = propertiesOf(form);
  const names = Object.keys(properties);
  const problems: Problem[] = [];
  const values: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(properties, name)) problems.push(unknownField(name, names));
    else values[name] = typeof value === "string" ? coerce(typeOf(properties[name]), value) : value;
  }
  const size = Buffer.byteLength(JSON.stringify(given));
  if (size > fieldsBytesMax)
    problems.push(problem("fields", "fields_too_large", `${size} bytes, at most ${fieldsBytesMax}`));
  if (form === undefined || problems.length > 0) return finished(values, problems);
  const checked = schemaOf(decision === "approved" ? form : { ...form, required: [] }).safeParse(values);
  if (!checked.success)
    return finished(
      values,
      checked.error.issues.map((issue) => issueProblem(issue, values)),
    );
  if (decision === "approved") return checked.data as JsonObject;
  return Object.fromEntries(Object.entries(checked.data as JsonObject).filter(([name]) => name in values));
}

function finished(values: JsonObject, problems: readonly Problem[]): JsonObject {
  if (problems.length > 0) throw new ProblemsError(problems);
  return values;
}

const schemaOf = (form: JsonObject) => z.fromJSONSchema({ ...form, type: "object" });

const typeOf = (property: JsonValue | undefined) => (isObject(property) ? { type: property["type"] } : {});

function unknownField(name: string, known: readonly string[]): Problem {
  const message =
    known.length === 0 ? "the step has no form" : `the form has no such field${didYouMean(name, known)}`;
  return problem(`fields.${name}`, "unknown_field", message);
}

function issueProblem({ path, message }: z.core.$ZodIssue, values: JsonObject): Problem {
  const value = path.reduce<unknown>((whole, key) => (whole as never)?.[key], values);
  const text = value === undefined ? "is required" : message.replace(/^Invalid input: /, "");
  return problem(["fields", ...path.map(String)].join("."), "bad_field", text);
}

const problem = (field: string, code: string, message: string): Problem => ({
  file: "answer",
  line: 0,
  column: 0,
  field,
  code,
  message,
});
