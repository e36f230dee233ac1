/** What was asked, checked and completed, once, at start. */

import { arch, availableParallelism, hostname, platform } from "node:os";
import { resolve } from "node:path";
import { FaultError } from "@haversack/base";
import { limitsFromEnvironment, type SnapshotLimits } from "@haversack/snapshot";
import type { WorkerAsked } from "./options.ts";

export interface WorkerSettings {
  /** Of one coordinator, or of several on one database; at least one. */
  readonly coordinatorUrls: readonly URL[];
  readonly token: string;
  readonly dataDir: string;
  readonly slots: number;
  /** Includes `arch`, `os` and `hostname`, which cannot be set. */
  readonly labels: ReadonlyMap<string, string>;
  readonly name: string;
  readonly snapshotLimits: SnapshotLimits;
}

const slotsMax = 1024;
const labelsMax = 64;

export function settle(asked: WorkerAsked, env: NodeJS.ProcessEnv): WorkerSettings {
  const coordinatorUrls = parseUrls(asked.coordinator ?? env["HAVERSACK_URL"] ?? "");
  const token = asked.token ?? env["HAVERSACK_TOKEN"] ?? "";
  if (token === "") {
    const message =
      "token: a worker token is required; it is in the file worker.token of the coordinator's data folder";
    throw new FaultError("invalid", "no_token", message);
  }
  return {
    coordinatorUrls,
    token,
    dataDir: resolve(asked.dataDir ?? env["HAVERSACK_WORKER_DATA"] ?? ".haversack/worker"),
    slots: checkSlots(asked.slots ?? availableParallelism()),
    labels: settleLabels(asked.labels ?? {}),
    name: asked.name ?? hostname(),
    snapshotLimits: limitsFromEnvironment(env),
  };
}

function parseUrls(text: string): readonly URL[] {
  const urls = text.split(",").map((part) => URL.parse(part.trim()));
  if (urls.every(isAddress)) return urls;
  throw bad("coordinator", "one URL such as http://127.0.0.1:7420, or several with commas", text);
}

const isAddress = (url: URL | null): url is URL => url?.protocol === "http:" && url.hostname !== "";

function checkSlots(slots: number): number {
  if (Number.isInteger(slots) && slots >= 1 && slots <= slotsMax) return slots;
  throw bad("slots", `a whole number from 1 to ${slotsMax}`, String(slots));
}

function settleLabels(asked: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const own = { arch: arch(), os: platform(), hostname: hostname() };
  const taken = Object.keys(asked).find((label) => label in own);
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
