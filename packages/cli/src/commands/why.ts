/** `haversack why`: what a step waits for. */

import type { StepExplanation, StepPhase } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { usage, withConnection, withJson } from "../options.ts";
import { printable, printableLines } from "../print/printable.ts";
import { findRun } from "../run-ref.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";

/** Steps that are told about when none is named. */
const stepsMax = 20;

const examples = `
All that keeps a step from starting: steps before it, the time of its next attempt, a key or a pool that is full and by
whom, labels that no worker has, slots that are all taken.

Examples:
  $ haversack why latest build
  $ haversack why latest                                   of every step that has not started, up to ${stepsMax}
  $ haversack why latest --json | jq '.steps[].reasons[].code'

--json: {steps: [{id, phase, reasons: [{code, message}], priority, worker, limits}]}`;

export function whyCommand(shell: Shell): Command {
  const command = new Command("why")
    .description("what a step waits for")
    .argument("<run>", "id, the beginning of one, or `latest`")
    .argument("[step]", "all that have not started when left out");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(
      shell.does((run: string, step: string | undefined, options: DagOptions) =>
        why(run, step, options, shell),
      ),
    );
}

async function why(
  name: string,
  stepId: string | undefined,
  options: DagOptions,
  shell: Shell,
): Promise<ExitCode> {
  const { stopping } = shell.outside;
  const client = await connect(options, shell);
  const run = await findRun(client, name, stopping);
  const asked =
    stepId === undefined
      ? run.steps.filter(({ phase }) => waits(phase))
      : run.steps.filter(({ id }) => id === stepId);
  if (stepId !== undefined && asked.length === 0) throw usage(`run ${run.id} has no step ${stepId}`);
  const told: { id: string; explanation: StepExplanation }[] = [];
  for (const { id } of asked.slice(0, stepsMax)) {
    told.push({ id, explanation: await client.explain(run.id, id, stopping) });
  }
  if (options.json === true) {
    shell.json({ steps: told.map(({ id, explanation }) => ({ id, ...explanation })) });
    return exitCodes.ok;
  }
  if (told.length === 0) shell.note(`every step of run ${run.id} has started or ended`);
  shell.out(told.map(({ id, explanation }) => explanationText(id, explanation)).join("\n"));
  const more = asked.length - told.length;
  if (more > 0) shell.note(`and ${more} more steps; name one to ask about it`);
  return exitCodes.ok;
}

const waits = (phase: StepPhase): boolean => phase === "waiting" || phase === "ready";

function explanationText(id: string, explanation: StepExplanation): string {
  const { phase, reasons, priority, worker, limits } = explanation;
  const lines = [`${id} is ${phase}`];
  lines.push(...reasons.map(({ message }) => `  ${printableLines(message, 4)}`));
  if (reasons.length === 0 && waits(phase)) lines.push("  nothing keeps it: it is about to start");
  const asks = [`priority ${priority}`, ...worker, ...limits];
  return `${[...lines, `  (${asks.map(printable).join(", ")})`].join("\n")}\n`;
}
