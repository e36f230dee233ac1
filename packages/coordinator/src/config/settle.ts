/** What was asked, checked and completed, once, at start. A message names the field, the bound and the value. */

import { join, resolve } from "node:path";
import { FaultError, type Ms, parseByteSize, parseDuration } from "@haversack/base";
import { type TraceSettings, traceSettings } from "@haversack/protocol";
import { limitsFromEnvironment, type SnapshotLimits } from "@haversack/snapshot";
import { parseAddress } from "../http/address.ts";
import type { Address } from "../http/server.ts";
import { leaseTtlDefaultMs } from "../runs/lease.ts";
import type { VaultPlace } from "../secrets/vault.ts";
import { parsePostgresUrl } from "../store/postgres-url.ts";
import { settleImages } from "./image-settings.ts";
import { settleListeners } from "./listener-settings.ts";
import type { CoordinatorAsked } from "./options.ts";

export interface CoordinatorSettings {
  readonly dataDir: string;
  /** Address of a PostgreSQL database, password included; undefined: the embedded one. */
  readonly store: string | undefined;
  readonly listen: Address;
  readonly listeners: ReturnType<typeof settleListeners>;
  readonly agentsDir: string;
  /** Of the built web page; undefined: none is served. */
  readonly pageDir: string | undefined;
  readonly model: string | undefined;
  readonly leaseTtlMs: Ms;
  /** Undefined: for ever. */
  readonly retentionMs: Ms | undefined;
  readonly graceMs: Ms;
  /** Runs within runs. */
  readonly childDepthMax: number;
  readonly snapshotLimits: SnapshotLimits;
  /** Free bytes in the data folder below which the coordinator is not ready. */
  readonly diskReserveBytes: number;
  readonly vault: VaultPlace;
  readonly images: ReturnType<typeof settleImages>;
  /** Undefined: no traces are asked for. */
  readonly traces: TraceSettings | undefined;
}

const leaseTtlMinMs = 1000;
const leaseTtlMaxMs = 3_600_000;
const retentionMinMs = 1000;
const childDepthBound = 100;
const graceDefaultMs = 24 * 3_600_000;

export function settle(asked: CoordinatorAsked, env: NodeJS.ProcessEnv): CoordinatorSettings {
  const dataDir = resolve(asked.dataDir ?? env["HAVERSACK_DATA"] ?? ".haversack");
  const listen = parseAddress(asked.listen ?? env["HAVERSACK_LISTEN"] ?? "127.0.0.1:7420", "listen");
  return {
    dataDir,
    store: parseStore(asked.store ?? env["HAVERSACK_STORE"] ?? ""),
    listen,
    listeners: settleListeners(asked, env, { listen, dataDir }),
    agentsDir: resolve(asked.agentsDir ?? env["HAVERSACK_AGENTS"] ?? "agents"),
    pageDir: asked.pageDir === undefined ? undefined : resolve(asked.pageDir),
    model: asked.model ?? env["HAVERSACK_MODEL"],
    leaseTtlMs: checkTtl(asked.leaseTtlMs ?? leaseTtlDefaultMs),
    retentionMs: parseRetention(asked.retention ?? env["HAVERSACK_RETENTION"] ?? "30d"),
    graceMs: asked.graceMs ?? graceDefaultMs,
    childDepthMax: parseDepth(env["HAVERSACK_CHILD_DEPTH"] ?? "16"),
    snapshotLimits: limitsFromEnvironment(env),
    diskReserveBytes: parseReserve(env["HAVERSACK_DISK_RESERVE"] ?? "512MiB"),
    vault: settleVault(asked.vault ?? env["HAVERSACK_VAULT"] ?? join(dataDir, "vault"), env),
    images: settleImages(asked, env),
    traces: traceSettings(env, "haversack-coordinator"),
  };
}

function settleVault(folder: string, { HAVERSACK_VAULT_KEY_FILE: keyFile }: NodeJS.ProcessEnv): VaultPlace {
  return { folder: resolve(folder), keyFile: keyFile === undefined ? undefined : resolve(keyFile) };
}

function parseStore(text: string): string | undefined {
  return text === "" || text === "embedded" ? undefined : parsePostgresUrl(text).href;
}

function checkTtl(ms: number): Ms {
  if (Number.isInteger(ms) && ms >= leaseTtlMinMs && ms <= leaseTtlMaxMs) return ms;
  throw bad("leaseTtlMs", `a whole number from ${leaseTtlMinMs} to ${leaseTtlMaxMs}`, String(ms));
}

function parseDepth(text: string): number {
  const depth = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (depth >= 1 && depth <= childDepthBound) return depth;
  throw bad("HAVERSACK_CHILD_DEPTH", `a whole number from 1 to ${childDepthBound}`, text);
}

function parseReserve(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes !== undefined) return bytes;
  throw bad("HAVERSACK_DISK_RESERVE", "a size such as 512MiB", text);
}

function parseRetention(text: string): Ms | undefined {
  if (text === "off") return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= retentionMinMs) return ms;
  throw bad("retention", "a duration of at least 1s such as 30d or 12h, or off", text);
}

function bad(field: string, expected: string, value: string): FaultError {
  return new FaultError(
    "invalid",
    "bad_option",
    `${field}: expected ${expected}, found ${JSON.stringify(value)}`,
  );
}
