import type { JsonValue } from "@haversack/protocol";

export interface PlacedText {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** Every text in a value, with its place. @param value nested as deeply as YAML of ours may be */
export function* textsIn(value: JsonValue, path: PlacedText["path"] = []): Generator<PlacedText> {
  if (typeof value === "string") yield { text: value, path };
  if (typeof value !== "object" || value === null) return;
  const parts: Iterable<[string | number, JsonValue]> = Array.isArray(value)
    ? (value as readonly JsonValue[]).entries()
    : Object.entries<JsonValue>(value);
  for (const [name, part] of parts) yield* textsIn(part, [...path, name]);
}
