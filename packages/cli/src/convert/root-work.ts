/** What the DAG of a Dagu file does: steps and handlers, once they know of each other. */

import { type DraftStep, variablesOf } from "./draft.ts";
import { connect, connectHandler, type FlowSetting, passSkipsOn } from "./flow.ts";
import { Blocks, type Line } from "./lines.ts";
import type { StepSetting } from "./read-step.ts";
import { handlerKeys, handlersOf, stepsOf } from "./root-steps.ts";
import type { Section } from "./section.ts";
import { stepLines } from "./step-lines.ts";

export interface Work {
  readonly steps: Blocks;
  readonly handlers: readonly Line[];
  /** Of the root. */
  readonly outputs: Line;
  /** Whether a command is run by the shell that is there anyway. */
  readonly hasBash: boolean;
  readonly asksPerson: boolean;
}

export function workOf(root: Section, setting: StepSetting, flow: FlowSetting): Work {
  const steps = stepsOf(root, setting);
  connect(steps, flow);
  const handlers = handlersOf(root, setting);
  for (const { draft } of handlers) connectHandler(draft, steps, flow);
  passSkipsOn(steps);
  return {
    steps: new Blocks(steps.map(stepLines)),
    handlers: handlerKeys.map(([kind]) => ({
      key: kind,
      value: new Blocks(handlers.filter((each) => each.kind === kind).map(({ draft }) => stepLines(draft))),
    })),
    outputs: outputsLine(steps),
    asksPerson: steps.some(({ work }) => work?.kind === "human"),
    hasBash: steps.some(({ shell, work }) => shell === undefined && work === undefined),
  };
}

/** Dagu gives a caller all outputs of the steps. */
function outputsLine(steps: readonly DraftStep[]): Line {
  const made = steps.flatMap((step) =>
    variablesOf(step).map((name) => [name, `\${{ steps.${step.id}.outputs.${name} }}`] as const),
  );
  return { key: "outputs", value: Object.fromEntries(made) };
}
