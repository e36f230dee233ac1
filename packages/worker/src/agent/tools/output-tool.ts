/** `output`: takes the step's answer, checked against the schema that the step declares, and ends the loop. */

import { FaultError, messageOf } from "@haversack/base";
import type { JsonObject } from "@haversack/protocol";
import { z } from "zod";
import { parseInput, type Tool } from "./tool.ts";

/** Throws `bad_output_schema` for a schema that cannot be checked. */
export function outputTool(schema: JsonObject): Tool {
  const checked = readSchema(schema);
  return {
    name: "output",
    description: "Gives the result of your work and ends it. Call it once, when everything else is done.",
    inputSchema: schema,
    prepare(input) {
      const value = parseInput(checked, input) as JsonObject;
      return {
        subjects: [],
        summary: JSON.stringify(value),
        summaryCharactersMax: 200,
        run: async () => ({ kind: "output", value }),
      };
    },
  };
}

function readSchema(schema: JsonObject): z.ZodType {
  try {
    return z.fromJSONSchema(schema);
  } catch (cause) {
    const message = `the output schema of the step cannot be used: ${messageOf(cause)}`;
    throw new FaultError("invalid", "bad_output_schema", message, { cause });
  }
}
