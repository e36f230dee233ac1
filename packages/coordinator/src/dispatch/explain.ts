/** Why no worker takes a step, for people. */

import type { WaitReason } from "@haversack/protocol";
import { type FormatRange, formatsText } from "@haversack/snapshot";
import type { Unmet, Unplaced } from "./view.ts";

const codes = {
  "no-worker": "no_worker",
  "no-label": "no_matching_worker",
  "snapshot-version": "snapshot_version",
  "snapshot-feature": "snapshot_feature",
  "no-engine": "no_engine",
  "only-deploys": "only_deploys",
  "deployment-on-lost-worker": "deployment_on_lost_worker",
  "deployment-elsewhere": "deployment_elsewhere",
  "no-free-slot": "no_free_slot",
  cordoned: "workers_cordoned",
  stopping: "workers_stopping",
} as const satisfies Record<Unplaced["why"], string>;

export const explained = (reason: Unplaced): WaitReason => ({
  code: codes[reason.why],
  message: explain(reason),
});

export function explain(reason: Unplaced): string {
  switch (reason.why) {
    case "no-worker":
      return "no worker is connected";
    case "no-label":
      return labelText(reason.unmet, reason.nearest);
    case "snapshot-version":
      return versionText(reason.version, reason.reads);
    case "snapshot-feature":
      return featureText(reason.feature, reason.known);
    case "no-engine":
      return `no connected worker can deploy it: ${reason.nearest}; haversack worker --deploy on a host with docker, podman or lxd`;
    case "only-deploys":
      return `the connected workers that may run it take deploys only (${listed(reason.names)}): start one without --takes deploys`;
    case "deployment-on-lost-worker":
      return `${reason.name} stands on ${reason.worker}, which is not connected: it waits for that worker, or for haversack undeploy ${reason.name} --abandon`;
    case "deployment-elsewhere":
      return `${reason.name} stands on ${reason.worker}, which ${reason.obstacle}; haversack undeploy ${reason.name} lets it go to another worker`;
    case "cordoned":
      return cordonText(reason.names);
    case "stopping":
      return `${listed(reason.names)}, which may run it, ${reason.names.length === 1 ? "is" : "are"} stopping`;
    case "no-free-slot":
      return reason.able === 1
        ? "all slots of the one worker that may run it are taken"
        : `all slots of the ${reason.able} workers that may run it are taken`;
  }
}

function cordonText(names: readonly string[]): string {
  const [first = "", ...more] = names;
  const open = `\`haversack workers uncordon ${first}\``;
  return more.length === 0
    ? `${first}, the only worker that may run it, is cordoned: ${open} ends that`
    : `all workers that may run it are cordoned (${listed(names)}): ${open} ends that for one`;
}

/** Names that are told before it becomes "and 7 more". */
const namesMax = 5;

export function listed(names: readonly string[]): string {
  const more = names.length - namesMax;
  const shown = names.slice(0, namesMax).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function labelText(unmet: readonly Unmet[], nearest: string): string {
  const asked = unmet.map(({ test }) => test).join(" and ");
  const has = unmet.map(({ label, has: value }) =>
    value === undefined ? `no ${label}` : `${label}=${value}`,
  );
  return `no connected worker has ${asked}: ${nearest} comes nearest and has ${has.join(" and ")}`;
}

function versionText(version: number, reads: FormatRange): string {
  const both = `the step's snapshot has format ${version}, and the connected workers read ${formatsText(reads)}`;
  if (version > reads.max) return `${both}: upgrade a worker to one that reads format ${version}`;
  return `${both}: upgrade the coordinator, and submit the run again`;
}

/** What brings a feature into a pack, where a person can change it. */
const settingOf: Readonly<Record<string, string>> = {
  mcp: "mcpServers",
  "memory.ops": "memory.write",
  skills: "skills",
};

function featureText(feature: string, known: readonly string[]): string {
  const offer = known.length === 0 ? "none" : known.join(", ");
  const setting = settingOf[feature];
  const instead = setting === undefined ? "" : `, or leave out ${setting} in the step and its profile`;
  return `the step's snapshot requires ${feature}, and the connected workers offer ${offer}: upgrade a worker to one that offers it${instead}`;
}
