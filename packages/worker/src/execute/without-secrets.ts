/**
 * What an attempt leaves when it ends is stored, shown and given to other steps: no secret value may be in it. A failure is
 * told with its values masked. An output that holds one fails the step: masked it would be a wrong value for whoever
 * reads it, and the steps that read it may run anywhere.
 */

import { FaultError } from "@haversack/base";
import type { Artifact, DeploymentReport } from "@haversack/protocol";
import type { Masker } from "../mask/masker.ts";
import type { WorkEnd } from "./executor.ts";
import { failed } from "./outcome-map.ts";

const code = "secret_in_output";
const instead =
  "what a step gives is stored and shown. Name the secret in the `secrets` of each step that needs it instead";

export function withoutSecrets(end: WorkEnd, masker: Masker): WorkEnd {
  const holder = holderOf(end, masker);
  if (holder !== undefined) {
    const { usage } = end;
    const message = `${holder} holds a secret value of this step, and ${instead}`;
    return failed({ code, message }, usage === undefined ? {} : { usage });
  }
  const { failure, deployment } = end;
  return {
    ...end,
    ...(failure !== undefined && { failure: { ...failure, message: masker.text(failure.message) } }),
    ...(deployment !== undefined && { deployment: toldWithout(deployment, masker) }),
  };
}

/** What a container wrote may be in it. */
function toldWithout(report: DeploymentReport, masker: Masker): DeploymentReport {
  const failures = report.failures.map((each) => masker.text(each));
  return { ...report, reason: masker.text(report.reason), failures };
}

/** Throws when the path of an artifact holds a secret value; what is in the file is the step's own business. */
export function checkPaths(artifacts: readonly Artifact[], masker: Masker): void {
  const bad = artifacts.find(({ path }) => masker.finds(path));
  if (bad === undefined) return;
  const message = `the path ${masker.text(bad.path)} of an artifact holds a secret value of this step, and paths are stored and shown; use another name`;
  throw new FaultError("invalid", code, message);
}

function holderOf({ outputs, memory = [] }: WorkEnd, masker: Masker): string | undefined {
  for (const [name, value] of outputs) {
    if (masker.finds(name) || masker.finds(typeof value === "string" ? value : JSON.stringify(value)))
      return `the output "${masker.text(name)}"`;
  }
  return memory.some((operation) => masker.finds(JSON.stringify(operation)))
    ? "a note for memory"
    : undefined;
}
