/** Options that several commands share, so that they read the same everywhere. */

import { FaultError, parseDuration } from "@haversack/base";
import { type Command, InvalidArgumentError, Option } from "commander";

export function withConnection(command: Command): Command {
  return command
    .addOption(new Option("--url <url>", "address of the coordinator").env("HAVERSACK_URL"))
    .addOption(new Option("--token <token>", "admin token; HAVERSACK_TOKEN is better: it stays out of `ps`"))
    .option("--data <dir>", "data folder of a coordinator on this machine (default: the nearest .haversack)");
}

export const withJson = (command: Command, what: string): Command =>
  command.option("--json", `print ${what}`);

/** Collects `-p name=value`; the last one of a name wins. */
export function collectPair(
  text: string,
  previous?: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must look like name=value.");
  return new Map([...(previous ?? []), [text.slice(0, at), text.slice(at + 1)]]);
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError("It must look like 500ms, 90s, 20m or 1h30m.");
  return ms;
}

/** Milliseconds since 1970. Without an offset it is UTC: the same command means the same everywhere. */
export function momentOf(text: string): number {
  const [, day, time = "00:00", offset = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T${time}${offset}`);
  if (Number.isNaN(at)) throw new InvalidArgumentError("It must look like 2026-01-31 or 2026-01-31T06:00.");
  return at;
}

/** A moment, or a duration before now. */
export type Since = { readonly at: number } | { readonly ago: number };

export function sinceOf(text: string): Since {
  const ago = parseDuration(text);
  if (ago !== undefined) return { ago };
  try {
    return { at: momentOf(text) };
  } catch {
    const message = "It must be a duration such as 2h or 7d, or look like 2026-01-31 or 2026-01-31T06:00.";
    throw new InvalidArgumentError(message);
  }
}

export const momentBefore = (since: Since, now: number): number =>
  "at" in since ? since.at : now - since.ago;

export const retentionOption = (): Option =>
  new Option(
    "--retention <duration>",
    "how long a run is kept after its end; off: for ever (default: 30d)",
  ).env("HAVERSACK_RETENTION");

/** The given keys that have a value; for `exactOptionalPropertyTypes`. */
export function given<T extends object>(values: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

export function usage(message: string): FaultError {
  return new FaultError("invalid", "usage", message);
}

/** The options that lead another command to the same coordinator, each after a space; a token is not repeated. */
export function flagsOf({ url, data }: { readonly url?: string; readonly data?: string }): string {
  const flags = [
    url === undefined ? "" : ` --url ${quoted(url)}`,
    data === undefined ? "" : ` --data ${quoted(data)}`,
  ];
  return flags.join("");
}

/** As a shell reads it. */
const quoted = (text: string): string =>
  /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
