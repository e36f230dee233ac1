/** What was asked, checked and completed, once, at start. */

import { arch, availableParallelism, hostname, platform } from "node:os";
import { resolve } from "node:path";
import { FaultError } from "@haversack/base";
import {
  type JoinToken,
  type LimitTier,
  limitsLabel,
  limitTiers,
  parseJoinToken,
  type TraceSettings,
  takesLabel,
  traceSettings,
} from "@haversack/protocol";
import { limitsFromEnvironment, type SnapshotLimits } from "@haversack/snapshot";
import { type DeploySettings, deploySettings } from "./deploy-settings.ts";
import { type EndingKind, endingKinds } from "./ending.ts";
import { type HealthAddress, parseHealthListen } from "./health-address.ts";
import { type ImageSettings, settleImages } from "./image-settings.ts";
import { type LogBoundSettings, logBoundsFrom } from "./log-bounds.ts";
import type { WorkerAsked } from "./options.ts";
import { readWorkerFile } from "./worker-file.ts";

export interface WorkerSettings {
  /** Of one coordinator, or of several on one database; at least one. */
  readonly coordinatorUrls: readonly URL[];
  readonly token: string | undefined;
  readonly joinToken: JoinToken | undefined;
  readonly localCaFile: string | undefined;
  readonly dataDir: string;
  readonly slots: number;
  /** Includes `arch`, `os` and `hostname`, which cannot be set. */
  readonly labels: ReadonlyMap<string, string>;
  readonly name: string;
  /** Undefined: a stop waits for what runs without limit. */
  readonly drainTimeoutMs: number | undefined;
  readonly healthListen: HealthAddress | undefined;
  readonly snapshotLimits: SnapshotLimits;
  /** How the processes of steps are ended. */
  readonly ending: EndingKind | "auto";
  readonly logBounds: LogBoundSettings;
  /** How well the limits of steps are kept. */
  readonly limits: LimitTier | "auto";
  /** Undefined: no traces are asked for. */
  readonly traces: TraceSettings | undefined;
  readonly images: ImageSettings;
  /** Undefined: it runs no containers. */
  readonly deploy: DeploySettings | undefined;
}

const slotsMax = 1024;
const labelsMax = 64;
/** Found out when the worker starts. */
const ownLater: ReadonlySet<string> = new Set(["deploy", "ending", limitsLabel, takesLabel]);

export function settle(asked: WorkerAsked, env: NodeJS.ProcessEnv): WorkerSettings {
  const coordinatorUrls = parseUrls(asked.coordinator ?? env["HAVERSACK_URL"] ?? "");
  const joinToken = settleJoinToken(asked.joinToken ?? env["HAVERSACK_JOIN_TOKEN"], coordinatorUrls);
  const dataDir = resolve(asked.dataDir ?? env["HAVERSACK_WORKER_DATA"] ?? ".haversack/worker");
  return {
    coordinatorUrls,
    token: (asked.token ?? env["HAVERSACK_TOKEN"]) || undefined,
    joinToken,
    localCaFile: asked.localCaFile,
    dataDir,
    slots: checkSlots(asked.slots ?? availableParallelism()),
    labels: settleLabels(asked.labels ?? {}),
    name: asked.name ?? hostname(),
    drainTimeoutMs: asked.drainTimeoutMs,
    healthListen: parseHealthListen(asked.healthListen),
    snapshotLimits: limitsFromEnvironment(env),
    ending: oneOf(env, "HAVERSACK_ENDING", endingKinds),
    logBounds: logBoundsFrom(env),
    limits: oneOf(env, "HAVERSACK_LIMITS", limitTiers),
    traces: traceSettings(env, "haversack-worker"),
    deploy: deploySettings(asked, env),
    images: settleImages(asked, env, readWorkerFile(dataDir)),
  };
}

function parseUrls(text: string): readonly URL[] {
  const urls = text.split(",").map((part) => URL.parse(part.trim()));
  if (urls.every(isAddress) && new Set(urls.map(({ protocol }) => protocol)).size === 1) return urls;
  const expected = "one URL such as https://ci.example:7420, or several of one kind with commas";
  throw bad("coordinator", expected, text);
}

/** It is told to nobody over plain text, but to a coordinator on this machine. */
function settleJoinToken(text: string | undefined, urls: readonly URL[]): JoinToken | undefined {
  if (text === undefined || text === "") return undefined;
  const token = parseJoinToken(text.trim());
  const far = urls.find(({ protocol, hostname }) => protocol !== "https:" && !isLocal(hostname));
  if (far === undefined) return token;
  const message = `coordinator: a join token goes over https only, and ${far.hostname} is not this machine; nothing was sent`;
  throw new FaultError("invalid", "join_over_plain_text", message);
}

const isLocal = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);

const isAddress = (url: URL | null): url is URL =>
  url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "";

function checkSlots(slots: number): number {
  if (Number.isInteger(slots) && slots >= 1 && slots <= slotsMax) return slots;
  throw bad("slots", `a whole number from 1 to ${slotsMax}`, String(slots));
}

function oneOf<T extends string>(env: NodeJS.ProcessEnv, name: string, known: readonly T[]): T | "auto" {
  const asked = env[name] ?? "";
  if (asked === "" || asked === "auto") return "auto";
  const found = known.find((each) => each === asked);
  if (found !== undefined) return found;
  throw bad(name, `auto, ${known.join(", ")}`, asked);
}

function settleLabels(asked: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const own = { arch: arch(), os: platform(), hostname: hostname() };
  const taken = Object.keys(asked).find((label) => label in own || ownLater.has(label));
  if (taken !== undefined)
    throw bad(`label ${taken}`, "another name: the worker sets this one itself", asked[taken] ?? "");
  if (Object.keys(asked).length > labelsMax)
    throw bad("labels", `at most ${labelsMax}`, String(Object.keys(asked).length));
  return new Map(Object.entries({ ...asked, ...own }));
}

function bad(field: string, expected: string, value: string): FaultError {
  return new FaultError(
    "invalid",
    "bad_option",
    `${field}: expected ${expected}, found ${JSON.stringify(value)}`,
  );
}
