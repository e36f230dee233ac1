import { z } from "zod";

/** Any value that JSON has. One schema, so that the JSON Schema of a DAG has it once, by its name. */
export const jsonValue = z.json();
