import type { Ms } from "./ports.ts";

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** What a duration looks like; {@link parseDuration} is stricter about its size. */
export const durationForm = /^(\d+(ms|s|m|h|d))+$/;

/** `500ms`, `90s`, `20m`, `1h30m`; undefined when the text is no duration. */
export function parseDuration(text: string): Ms | undefined {
  if (!durationForm.test(text) || text.length > 32) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    total += Number(amount) * unitMs[unit as keyof typeof unitMs];
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

/** A short text for people: `420ms`, `3.2s`, `2m05s`, `1h02m`. */
export function formatDuration(ms: Ms): string {
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
}
