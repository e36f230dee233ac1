/** The schema of format v1 for readers in other languages. Checked in as `vectors/v1/schema.json`. */

import { z } from "zod";
import { envelope } from "./envelope.ts";

const title = "Haversack snapshot, format version 1";
const description =
  "The shape of the content of a pack. Order, references between sections, paths and limits are more than a " +
  "schema can say: docs/snapshot-format.md has them.";

/** JSON Schema 2020-12, as text with a line break at its end. */
export function snapshotSchema(): string {
  const { $schema, ...shape } = z.toJSONSchema(envelope, { unrepresentable: "any", io: "input" });
  return `${JSON.stringify({ $schema, title, description, ...shape }, undefined, 2)}\n`;
}
