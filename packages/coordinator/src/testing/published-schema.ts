/** Writes `schemas/dag.schema.json` anew (`npm run schema:generate`); a test compares it. */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { dagJsonSchema } from "../dag/json-schema.ts";

export const publishedSchema = join(import.meta.dirname, "../../../../schemas/dag.schema.json");

if (import.meta.main) {
  await mkdir(dirname(publishedSchema), { recursive: true });
  await writeFile(publishedSchema, dagJsonSchema());
}
