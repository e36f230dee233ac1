/**
 * What this host can do to end and to bound the processes of a step, found out by doing it when the worker starts, and
 * the one door through which steps are started.
 *
 *   ending   pid-namespace  the kernel ends all of it with the step, and with the worker (`pid-namespace.ts`)
 *            cgroup         the kernel knows all of it; after `kill -9` of the worker it waits for the next start
 *            sweep          process group and marker; misses what dropped its environment and its parents
 *   limits   hard           all processes of a step together, by control groups
 *            soft           each process by itself, by prlimit
 *            none
 */

import { FaultError, type Ports, pause } from "@haversack/base";
import { type LimitTier, limitsLabel, limitTiers, type StepLimits } from "@haversack/protocol";
import { type EndingKind, endingKinds } from "../config/ending.ts";
import { type Cgroup, type CgroupHost, openCgroups } from "./cgroup-host.ts";
import type { CgroupPlace } from "./cgroup-places.ts";
import { endAll, never } from "./end-processes.ts";
import { findProgram, forgetting } from "./find-program.ts";
import {
  entryPrefix,
  type LimitPrograms,
  limitText,
  limitTier,
  prlimitPrefix,
  softText,
  unkept,
} from "./limit-tier.ts";
import { type NamespaceTools, startInNamespace } from "./pid-namespace.ts";
import { tryEnding } from "./probe-ending.ts";
import { readProcess } from "./process-table.ts";
import { type ProcessSpec, type ProcessTree, startProcess, sweepOrphans } from "./process-tree.ts";

export type { ProcessExit, ProcessSpec, ProcessTree } from "./process-tree.ts";

export interface Exceeded {
  readonly limit: "memory" | "pids";
  /** Such as `memory limit of 512MiB`. */
  readonly text: string;
}

/** A tree under limits. */
export interface StepTree extends ProcessTree {
  /** What of the limits this host does not keep; undefined: it keeps all. */
  readonly unkept?: string;
  /** What the kernel holds each process to without telling who ran into it. */
  readonly under?: string;
  /** Which limit the step ran into; known when {@link ProcessTree.end} has resolved. */
  exceeded(): Exceeded | undefined;
}

export interface StepHost {
  readonly ending: EndingKind;
  readonly limits: LimitTier;
  readonly labels: Readonly<Record<string, string>>;
  /** Never throws: what cannot be started shows as `not-started` in {@link ProcessTree.exit}. */
  start(spec: ProcessSpec, limits?: StepLimits): StepTree;
}

export interface HostWish {
  /** `auto`: the best that works; else the one that must. */
  readonly ending: EndingKind | "auto";
  /** `auto`, or absent: the best that works; `hard` must work, `soft` and `none` are what is left of it. */
  readonly limits?: LimitTier | "auto";
  readonly workerId: string;
  /** Folders of programs. */
  readonly path: string;
  /** Where control groups are; read from the system when absent. */
  readonly places?: readonly CgroupPlace[];
}

interface Means {
  readonly ports: Ports;
  readonly ending: EndingKind;
  readonly namespace?: NamespaceTools;
  readonly cgroups: CgroupHost;
  readonly programs: LimitPrograms;
  readonly tier: LimitTier;
}

/** How long what an earlier start left may take to be gone. */
const clearMs = 5000;
const clearPollMs = 10;

/**
 * Ends what earlier starts of this worker left, then finds out what this host can do. Call it before the worker says hello.
 * Throws FaultError `ending_impossible` or `limits_impossible` when what was asked does not work here.
 */
export async function openStepHost(wish: HostWish, ports: Ports): Promise<StepHost> {
  const { ending: asked, workerId, path, places } = wish;
  const cgroups = openCgroups(workerId, places);
  const orphans = (await cleared(cgroups, ports)) + (await sweepOrphans(workerId, ports.clock));
  if (orphans > 0) ports.log.warn({ orphans }, "ended processes of an earlier start of this worker");
  const programs = programsIn(path);
  const tier = tierOf(limitTier(cgroups.canLimit, programs), wish.limits ?? "auto");
  const common = { ports, cgroups, programs, tier };
  const wanted = asked === "auto" ? endingKinds : [asked];
  const reasons: string[] = [];
  for (const ending of wanted) {
    const tried = await found(ending, common, path);
    if (typeof tried !== "string") return hostOf(tried);
    reasons.push(`${ending}: ${tried}`);
  }
  const message = `HAVERSACK_ENDING=${asked} is impossible here: ${reasons.join("; ")}; leave it out, or say auto, for the best that is possible`;
  throw new FaultError("invalid", "ending_impossible", message);
}

function tierOf(best: LimitTier, asked: LimitTier | "auto"): LimitTier {
  if (asked === "auto" || asked === best) return best;
  if (limitTiers.indexOf(asked) > limitTiers.indexOf(best)) return asked;
  const message = `HAVERSACK_LIMITS=${asked} is impossible here, the best is ${best}: hard needs control groups of memory, pids and cpu that the worker may write, soft needs prlimit`;
  throw new FaultError("invalid", "limits_impossible", message);
}

async function cleared(cgroups: CgroupHost, { clock }: Ports): Promise<number> {
  const begun = clock.monotonic();
  const { processes, isGone } = cgroups.clear();
  for (let gone = isGone; !gone && clock.monotonic() - begun < clearMs; gone = cgroups.clear().isGone) {
    await pause(clock, clearPollMs, never);
  }
  return processes;
}

const findIn = (path: string, name: string): string | undefined =>
  findProgram({ argv: [name], env: new Map([["PATH", path]]), cwd: "/" });

function programsIn(path: string): LimitPrograms {
  const [sh, prlimit] = [findIn(path, "sh"), findIn(path, "prlimit")];
  return { ...(sh !== undefined && { sh }), ...(prlimit !== undefined && { prlimit }) };
}

/** The means, or why it does not work here. */
async function found(
  ending: EndingKind,
  common: Omit<Means, "ending">,
  path: string,
): Promise<Means | string> {
  if (ending === "sweep") return { ...common, ending };
  if (ending === "cgroup") {
    if (!common.cgroups.canEnd || common.programs.sh === undefined) return "no control group can be made";
    const means: Means = { ...common, ending };
    const how = { sh: common.programs.sh, path, how: "end" } as const;
    return (await tryEnding((spec) => startIn(means, spec), common.ports, how)) ?? means;
  }
  const names = ["setpriv", "unshare", "setsid", "sh"] as const;
  const tools = names.map((name) => findIn(path, name));
  const [setpriv, unshare, setsid, sh] = tools;
  if (setpriv === undefined || unshare === undefined || setsid === undefined || sh === undefined) {
    return `not installed: ${names.filter((_, index) => tools[index] === undefined).join(", ")}`;
  }
  let why = "";
  for (const asUser of [false, true]) {
    const means: Means = { ...common, ending, namespace: { setpriv, unshare, setsid, sh, asUser } };
    const how = { sh, path, how: "killParent" } as const;
    const problem = await tryEnding((spec) => startIn(means, spec), common.ports, how);
    if (problem === undefined) return means;
    why = problem;
  }
  return why;
}

function hostOf(means: Means): StepHost {
  return {
    ending: means.ending,
    limits: means.tier,
    labels: { ending: means.ending, [limitsLabel]: means.tier },
    start: (spec, limits) => startIn(means, spec, limits),
  };
}

function startIn(means: Means, spec: ProcessSpec, limits?: StepLimits): StepTree {
  const { ports, programs, tier } = means;
  const program = findProgram(spec);
  // The system says best why it cannot be started.
  if (program === undefined) return { ...startProcess(spec, ports.clock), exceeded: () => undefined };
  const bound = tier === "hard" ? limits : undefined;
  const needsGroup = means.ending === "cgroup" || bound !== undefined;
  const group = needsGroup
    ? means.cgroups.create({ ends: means.ending === "cgroup", ...(bound !== undefined && { limits: bound }) })
    : undefined;
  const enter = entryPrefix(programs.sh ?? "sh", forgetting(spec.env), group?.entrances ?? []);
  const { prlimit } = programs;
  const restrain =
    limits === undefined || prlimit === undefined || tier === "none"
      ? []
      : prlimitPrefix(prlimit, limits, tier);
  const argv = [...enter, ...restrain, program, ...spec.argv.slice(1)];
  const tree = startTree(means, { ...spec, argv }, group);
  return withLimits(tree, group, limits, tier);
}

function startTree(
  { ending, namespace, ports }: Means,
  spec: ProcessSpec,
  group: Cgroup | undefined,
): ProcessTree {
  if (ending === "pid-namespace" && namespace !== undefined)
    return startInNamespace(spec, ports.clock, namespace);
  const tree = startProcess(spec, ports.clock);
  if (ending === "sweep" || group === undefined) return tree;
  const find = () => group.members().flatMap((pid) => readProcess(pid) ?? []);
  return {
    ...tree,
    end: (grace) => endAll({ find, kill: () => group.kill(), clock: ports.clock, grace }),
  };
}

function withLimits(
  tree: ProcessTree,
  group: Cgroup | undefined,
  limits: StepLimits | undefined,
  tier: LimitTier,
): StepTree {
  let exceeded: Exceeded | undefined;
  const missing = limits === undefined ? undefined : unkept(limits, tier);
  const under = limits === undefined || tier !== "soft" ? undefined : softText(limits);
  return {
    ...tree,
    ...(missing !== undefined && { unkept: missing }),
    ...(under !== undefined && { under }),
    exceeded: () => exceeded,
    end: async (grace) => {
      const stuck = await tree.end(grace);
      const limit = group?.exceeded();
      if (limit !== undefined && limits !== undefined) {
        exceeded = { limit, text: limitText(limit === "memory" ? "memoryBytes" : "pids", limits) };
      }
      group?.remove();
      return stuck;
    },
  };
}
