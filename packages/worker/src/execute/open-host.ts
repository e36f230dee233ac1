/** What is left of an earlier start of the worker goes, and a folder for work is there. */

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ports } from "@haversack/base";
import type { WorkerSettings } from "../config/settle.ts";
import { openStepHost, type StepHost } from "./step-host.ts";

export interface HostParts {
  readonly settings: Pick<WorkerSettings, "ending" | "limits">;
  /** The worker's own. */
  readonly folder: string;
  readonly workerId: string;
  readonly hostEnv: ReadonlyMap<string, string>;
  readonly ports: Ports;
}

/** Ends and removes what an earlier process left, before the coordinator hears of this one. */
export async function openHost(parts: HostParts): Promise<StepHost> {
  const { settings, folder, workerId, hostEnv, ports } = parts;
  const { ending, limits } = settings;
  const path = hostEnv.get("PATH") ?? "";
  const host = await openStepHost({ ending, limits, workerId, path }, ports);
  await rm(join(folder, "work"), { recursive: true, force: true, maxRetries: 3 });
  await mkdir(join(folder, "work"), { recursive: true, mode: 0o700 });
  return host;
}
