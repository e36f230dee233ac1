/** Options that several commands share, so that they read the same everywhere. */

import { FaultError, parseDuration } from "@haversack/base";
import { parsePrefetchPolicy, prefetchWords } from "@haversack/protocol";
import { type Command, InvalidArgumentError, Option } from "commander";

export function withConnection(command: Command): Command {
  return command
    .addOption(new Option("--url <url>", "address of the coordinator").env("HAVERSACK_URL"))
    .addOption(new Option("--token <token>", "a token; HAVERSACK_TOKEN is better: it stays out of `ps`"))
    .option("--token-file <file>", "file that holds the token")
    .addOption(
      new Option("--ca <file>", "certificate of the authority of an https coordinator").env(
        "HAVERSACK_CA_FILE",
      ),
    )
    .option("--data <dir>", "data folder of a coordinator on this machine (default: the nearest .haversack)");
}

export const withJson = (command: Command, what: string): Command =>
  command.option("--json", `print ${what}`);

/** Collects what may be given several times. */
export const collect = (text: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  text,
];

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

export const retentionOption = (): Option =>
  new Option(
    "--retention <duration>",
    "how long a run is kept after its end; off: for ever (default: 30d)",
  ).env("HAVERSACK_RETENTION");

/** Without a variable of its own: the worker says which of flag, environment and file it went by. */
export const prefetchOption = (): Option =>
  new Option(
    "--prefetch-base-image <policy>",
    "off, lazy (with the first deploy) or eager (at start); HAVERSACK_PREFETCH_BASE_IMAGE (default: lazy)",
  ).argParser((text: string): string => {
    if (parsePrefetchPolicy(text) !== undefined) return text;
    throw new InvalidArgumentError(`It must be ${prefetchWords}.`);
  });

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
