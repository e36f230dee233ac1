/** What the verbs of `haversack store` have in common. */

import { resolve } from "node:path";
import type { Ports } from "@haversack/base";
import { type Command, Option } from "commander";
import { dataFolderName } from "../connect.ts";
import type { Shell } from "../shell.ts";

export interface StoreOptions {
  readonly data: string;
  readonly store?: string;
  readonly json?: boolean;
}

export function withDataFolder(command: Command): Command {
  return command
    .addOption(
      new Option("--data <dir>", "data folder of the coordinator")
        .default(dataFolderName)
        .env("HAVERSACK_DATA"),
    )
    .addOption(
      new Option("--store <url>", "postgres://… when that is where the coordinator keeps it").env(
        "HAVERSACK_STORE",
      ),
    );
}

export const dataDirOf = ({ data }: StoreOptions, { outside }: Shell): string => resolve(outside.cwd, data);

export function portsOf({ outside }: Shell): Ports {
  const { clock, random } = outside;
  return { clock, random, log: outside.openLog("store") };
}

/** Address of the PostgreSQL database; undefined: the embedded one. */
export const storeOf = ({ store = "" }: StoreOptions): string | undefined =>
  store === "" || store === "embedded" ? undefined : store;
