/** How the limits of a step are kept here: the programs that stand before its own, and what is told afterwards. Pure. */

import type { LimitTier, StepLimits } from "@haversack/protocol";

export interface LimitPrograms {
  readonly sh?: string;
  readonly prlimit?: string;
}

/** Hard bounds all processes of a step together; soft bounds each one. */
export function limitTier(canLimit: boolean, { sh, prlimit }: LimitPrograms): LimitTier {
  if (prlimit === undefined) return "none";
  return canLimit && sh !== undefined ? "hard" : "soft";
}

/** The programs before a step's own that set what the kernel counts for each process. */
export function prlimitPrefix(prlimit: string, limits: StepLimits, tier: LimitTier): readonly string[] {
  const { memoryBytes, pids, files } = limits;
  const options: string[] = [];
  if (files !== undefined) options.push(`--nofile=${files}`);
  // Memory that is only reserved does not count for RLIMIT_DATA: runtimes reserve far more than they use.
  if (tier === "soft" && memoryBytes !== undefined) options.push(`--data=${memoryBytes}`);
  if (tier === "soft" && pids !== undefined) options.push(`--nproc=${pids}`);
  return options.length === 0 ? [] : [prlimit, ...options, "--"];
}

/** The programs before a step's own that take it into control groups. */
export function entryPrefix(sh: string, forget: string, entrances: readonly string[]): readonly string[] {
  if (entrances.length === 0) return [];
  const enter = `n=$0; while [ "$n" -gt 0 ]; do echo 0 > "$1" || exit 126; shift; n=$((n-1)); done; ${forget}unset n; exec "$@"`;
  return [sh, "-c", enter, String(entrances.length), ...entrances];
}

/** What of the limits nobody keeps on a worker of this tier; undefined: all are kept. */
export function unkept(
  { memoryBytes, cpuMillis, pids, files }: StepLimits,
  tier: LimitTier,
): string | undefined {
  const asked = Object.entries({ memory: memoryBytes, cpu: cpuMillis, pids, files });
  const missing = asked
    .filter(
      ([name, value]) => value !== undefined && (tier === "none" || (tier === "soft" && name === "cpu")),
    )
    .map(([name]) => name);
  if (missing.length === 0) return undefined;
  return `this worker cannot keep the ${missing.length === 1 ? "limit" : "limits"} of ${missing.join(" and ")} (limits=${tier})`;
}

/** What of the limits is kept for each process alone; undefined: nothing. */
export function softText(limits: StepLimits): string | undefined {
  const names = (["memoryBytes", "pids"] as const).filter((name) => limits[name] !== undefined);
  return names.length === 0 ? undefined : names.map((name) => limitText(name, limits)).join(", ");
}

/** As a DAG writes them. */
export function limitText(name: keyof Omit<StepLimits, "enforcement">, limits: StepLimits): string {
  const value = limits[name] ?? 0;
  if (name === "memoryBytes") return `memory limit of ${sizeText(value)}`;
  if (name === "cpuMillis") return `cpu limit of ${value / 1000}`;
  return `${name} limit of ${value}`;
}

function sizeText(bytes: number): string {
  const units = ["GiB", "MiB", "KiB"];
  const index = [1024 ** 3, 1024 ** 2, 1024].findIndex((unit) => bytes >= unit && bytes % unit === 0);
  return index === -1 ? `${bytes} bytes` : `${bytes / 1024 ** (3 - index)}${units[index]}`;
}
