/** What whoever starts an agent server decides, by variables and one flag. */

import { join } from "node:path";
import { FaultError } from "@haversack/base";
import { limitsFromEnvironment, type SnapshotLimits } from "@haversack/snapshot";

export interface ServeSettings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Scripted answers in the place of the models of the snapshot. */
  readonly isRehearsal: boolean;
  readonly packFile: string;
  /** `sha256:…` that the pack must have; absent: whatever is there. */
  readonly packDigest: string | undefined;
  readonly secretsFolder: string;
  /** Where the agent's files are; it is shared by all turns. */
  readonly workFolder: string;
  /** Turn loops at the same time. */
  readonly turnsMax: number;
  readonly limits: SnapshotLimits;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws FaultError `bad_option`, which names the flag or variable. */
export function settleServe(args: readonly string[], env: Environment): ServeSettings {
  const unknown = args.find((arg) => arg !== "--rehearsal");
  if (unknown !== undefined) throw bad(`the agent server knows no ${unknown}; there is --rehearsal`);
  const runFolder = given(env, "HAVERSACK_RUN_FOLDER") ?? "/run/haversack";
  return {
    host: given(env, "HOST") ?? "0.0.0.0",
    port: whole(env, "PORT", { least: 0, most: 65_535, fallback: 8080 }),
    isRehearsal: args.length > 0 || yes(env, "HAVERSACK_REHEARSAL"),
    packFile: join(runFolder, "snapshot.pack"),
    packDigest: given(env, "HAVERSACK_SNAPSHOT_DIGEST"),
    secretsFolder: join(runFolder, "secrets"),
    workFolder: given(env, "HAVERSACK_WORK_FOLDER") ?? "/tmp/haversack",
    turnsMax: whole(env, "HAVERSACK_TURNS_MAX", { least: 1, most: 64, fallback: 4 }),
    limits: limitsFromEnvironment(env),
  };
}

/** An empty variable counts as none. */
function given(env: Environment, name: string): string | undefined {
  const text = (env[name] ?? "").trim();
  return text === "" ? undefined : text;
}

function yes(env: Environment, name: string): boolean {
  const text = given(env, name);
  if (text === undefined || text === "0") return false;
  if (text === "1") return true;
  throw bad(`${name}: expected 0 or 1, found ${JSON.stringify(text)}`);
}

function whole(
  env: Environment,
  name: string,
  bounds: { least: number; most: number; fallback: number },
): number {
  const text = given(env, name);
  if (text === undefined) return bounds.fallback;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= bounds.least && value <= bounds.most) return value;
  throw bad(
    `${name}: expected a whole number from ${bounds.least} to ${bounds.most}, found ${JSON.stringify(text)}`,
  );
}

const bad = (message: string) => new FaultError("invalid", "bad_option", message);
