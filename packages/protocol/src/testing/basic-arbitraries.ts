/** What nouns are made of, as anybody may write it. */

import * as fc from "fast-check";
import { digestOfBytes, parseStepId } from "../model/ids.ts";
import type { JsonObject, JsonValue } from "../model/json.ts";

export const text = fc.string({ unit: "grapheme" });
/** PB-5: the one key that plain objects do not keep. */
const key = text.filter((name) => name !== "__proto__");
export const size = fc.nat(Number.MAX_SAFE_INTEGER);
export const small = fc.nat(2 ** 31 - 1);
export const id = fc.stringMatching(/^[0-9A-Za-z_-]{1,64}$/);
export const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(digestOfBytes);
export const json = fc
  .jsonValue({ depthSize: "small" })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto")) as JsonValue);
export const jsonObject = fc
  .dictionary(key, json)
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
export const mapOf = <T>(value: fc.Arbitrary<T>) =>
  fc.dictionary(key, value).map((all) => new Map(Object.entries(all)));
export const bytes = fc.uint8Array({ maxLength: 100 });

export const failure = fc.record({ code: text, message: text });
export const artifact = fc.record({ path: text, digest, size, executable: fc.boolean() });
export const usage = fc.record({ turns: small, toolCalls: small, inputTokens: size, outputTokens: size });
export const time = fc.nat(4_000_000_000_000);
export const stepId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/).map(parseStepId);
export const exitCode = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
