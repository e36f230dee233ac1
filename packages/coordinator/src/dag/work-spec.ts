/** What a step does, from its file to the noun. */

import type { JsonObject, StepSpec } from "@haversack/protocol";
import type { StepFile } from "./dag-schema.ts";
import { deploySpec } from "./deploy-spec.ts";
import { humanSpec } from "./human.ts";

const defaultShell: readonly string[] = ["bash", "-euo", "pipefail"];

export function workOf(step: StepFile): StepSpec["work"] {
  if (step.human !== undefined) return humanSpec(step.human);
  if (step.deploy !== undefined) return deploySpec(step.deploy);
  if (step.dag !== undefined) {
    const { use, params = {}, candidates } = step.dag;
    return { kind: "dag", use, params, ...(candidates === undefined ? {} : { candidates }) };
  }
  if (step.agent === undefined) {
    return {
      kind: "run",
      script: step.run ?? "",
      shell: step.shell ?? defaultShell,
      workdir: step.workdir ?? "",
    };
  }
  const { prompt, output, ...settings } = step.agent;
  return {
    kind: "agent",
    prompt,
    settings: settings as JsonObject,
    ...(output === undefined ? {} : { outputSchema: output as JsonObject }),
  };
}
