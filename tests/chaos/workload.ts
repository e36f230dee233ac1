/** DAGs made from numbers: the same numbers give the same steps, and what each prints is known beforehand. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../support/fleet.ts";
import { choices } from "../support/seeded-random.ts";

export interface MadeStep {
  readonly id: string;
  readonly depends: readonly string[];
  /** What it prints on standard output, whole; undefined: that is not known beforehand. */
  readonly output?: PrintPlan;
  /** Leaves processes behind that try not to be found. */
  readonly leavesProcesses: boolean;
}

export interface MadeDag {
  /** In no other submission. */
  readonly token: string;
  readonly text: string;
  readonly steps: readonly MadeStep[];
}

type PrintingStep = MadeStep & { readonly output: PrintPlan };

/** `parts` times `lines` numbered lines, with a pause in between. */
export interface PrintPlan {
  readonly parts: number;
  readonly lines: number;
  readonly pauseMs: number;
}

/** Long enough that a lost or repeated piece is told from a neighbour. */
const filler = "abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/**
 * @param number of the submission, from 0
 * @param tag of this run of the program: what another one left behind must not be taken for ours
 */
export function makeDag(seed: number, number: number, tag: string): MadeDag {
  const token = `chaos-${tag}-${number}-end`;
  if (number % agentEvery === agentEvery - 1) return agentDag(token);
  return commandDag(seed, number, token);
}

/** One DAG in so many has a step that is an agent's, with a snapshot, an artifact and outputs. */
const agentEvery = 7;

function agentDag(token: string): MadeDag {
  const text = readFileSync(join(repositoryRoot, "examples/dags/word-count.yaml"), "utf8");
  const step = (id: string, ...depends: string[]): MadeStep => ({ id, depends, leavesProcesses: false });
  const steps = [step("count"), step("summary", "count"), step("print", "summary")];
  const named = text.replace(/^name: .*$/m, `name: ${token}`);
  // The model is on the host.
  return {
    token,
    steps,
    text: named.replace("- id: summary\n", "- id: summary\n    worker: { network: host }\n"),
  };
}

function commandDag(seed: number, number: number, token: string): MadeDag {
  const chosen = choices(Math.imul(seed + 1, 0x9e3779b1) ^ number);
  const steps: PrintingStep[] = [];
  const count = chosen.whole(2, 6);
  for (let index = 0; index < count; index++) {
    const depends = steps.filter(() => chosen.chance(0.4)).map(({ id }) => id);
    const output = {
      parts: chosen.whole(1, 4),
      lines: chosen.chance(0.1) ? 4000 : chosen.whole(1, 300),
      pauseMs: chosen.whole(50, 700),
    };
    steps.push({ id: `s${index}`, depends, output, leavesProcesses: chosen.chance(0.25) });
  }
  return { token, steps, text: textOf(token, steps) };
}

/** What the step of the DAG prints on standard output when nobody disturbs it. */
export function expectedOutput(token: string, id: string, output: PrintPlan): string {
  const lines: string[] = [];
  for (let part = 1; part <= output.parts; part++) {
    for (let line = 1; line <= output.lines; line++)
      lines.push(`${token} ${id} ${part} ${String(line).padStart(6, "0")} ${filler}\n`);
  }
  return lines.join("");
}

function textOf(token: string, steps: readonly PrintingStep[]): string {
  return [`name: ${token}`, "steps:", ...steps.flatMap((step) => linesOf(token, step))].join("\n");
}

function linesOf(token: string, step: PrintingStep): string[] {
  const { id, depends, output, leavesProcesses } = step;
  const script = [
    ...(leavesProcesses ? leftBehind(token) : []),
    `for part in $(seq 1 ${output.parts}); do`,
    `  seq -f "${token} ${id} $part %06.0f ${filler}" 1 ${output.lines}`,
    `  sleep ${(output.pauseMs / 1000).toFixed(3)}`,
    "done",
  ];
  return [
    `  - id: ${id}`,
    ...(depends.length === 0 ? [] : [`    depends: [${depends.join(", ")}]`]),
    "    run: |",
    ...script.map((line) => `      ${line}`),
  ];
}

/** One in the group, one in a session of its own, one that ignores the signal and forgot who started it. */
function leftBehind(token: string): string[] {
  const sleeps = (name: string): string => `sh -c 'trap "" TERM; sleep 600; : ${token} ${name}'`;
  return [
    `${sleeps("child")} > /dev/null 2>&1 &`,
    `setsid ${sleeps("session")} > /dev/null 2>&1 &`,
    `env -i setsid ${sleeps("stranger")} > /dev/null 2>&1 &`,
  ];
}
