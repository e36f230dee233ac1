import { formatDuration } from "@haversack/base";

/** `2026-01-31 09:15:02`, in the time zone of the reader. */
export function moment(at: number): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `3.2s`; from a start to an end, or to now while there is none; empty before the start. */
export function elapsed(startedAt: number | undefined, endedAt: number | undefined, now: number): string {
  if (startedAt === undefined) return "";
  // Two machines may disagree about the time: a negative length would only confuse.
  return formatDuration(Math.max(0, (endedAt ?? now) - startedAt));
}

/** `512 B`, `3.4 KiB`, `12 MiB`. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
