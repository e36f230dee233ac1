import type { JsonValue } from "@haversack/protocol";
import { z } from "zod";

/** Of YAML: what JSON has no word for, such as `.inf`, is none. */
function isJson(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).every(isJson);
  return typeof value === "number" ? Number.isFinite(value) : value !== undefined;
}
/** One schema, so that the JSON Schema of a DAG has it once, by its name. */
export const jsonValue = z
  .custom<JsonValue>(isJson, "expected text, a number, true, false, null, a list or a map")
  .meta({ id: "value" });
