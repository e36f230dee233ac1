/** A map of a Dagu file, read key by key: what nobody took in the end is what nobody understood. */

import type { Losses } from "./losses.ts";

export interface Entry {
  readonly value: unknown;
  /** Such as `steps[0].retryPolicy`. */
  readonly field: string;
}

export interface Section {
  readonly field: string;
  /** The entry of a key, in whichever of its spellings it stands; undefined when it is not there. */
  take(...names: readonly string[]): Entry | undefined;
  /** Tells of every key that was not taken. */
  end(advice: Readonly<Record<string, string>>): void;
}

/** Older files say `retryPolicy`, newer ones `retry_policy`. */
const plain = (key: string): string => key.replaceAll("_", "").toLowerCase();

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @param fallback has what the section does not have */
export function sectionOf(value: unknown, field: string, losses: Losses, fallback?: Section): Section {
  const left = new Map<string, Entry & { readonly key: string }>();
  for (const [key, each] of Object.entries(isMap(value) ? value : {})) {
    left.set(plain(key), { key, value: each, field: field === "" ? key : `${field}.${key}` });
  }
  return {
    field,
    take(...names) {
      for (const name of names.map(plain)) {
        const found = left.get(name);
        if (found === undefined) continue;
        left.delete(name);
        if (found.value !== null) return found;
      }
      return fallback?.take(...names);
    },
    end(advice) {
      const known = new Map(Object.entries(advice).map(([key, text]) => [plain(key), text]));
      for (const [name, { key, field }] of left) {
        losses.lose(field, known.get(name) ?? `\`${key}\` is no key that this command knows`);
      }
    },
  };
}

/** For values that several sections share: taking from it takes nothing away. */
export function sharedSection(value: unknown, field: string, losses: Losses): Section {
  return {
    field,
    take: (...names) => sectionOf(value, field, losses).take(...names),
    end: () => undefined,
  };
}
