/** The pictures of docs/states.md, drawn from the tables that the code decides by. */

import { isTerminalRun, isTerminalStep, type RunStatus, type StepPhase } from "@haversack/protocol";
import { runMoves } from "../../packages/coordinator/src/runs/run-moves.ts";
import { stepMoves } from "../../packages/coordinator/src/runs/step-moves.ts";
import { imageMoves } from "../../packages/worker/src/images/image-table.ts";

type Moves = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const diagrams: Readonly<Record<string, string>> = {
  step: draw(stepMoves, "waiting", (phase) => isTerminalStep(phase as StepPhase)),
  image: draw(imageMoves, "unknown", (state) => state === "unsupported"),
  run: draw(runMoves, "queued", (status) => isTerminalRun(status as RunStatus)),
};

/** One arrow for each pair of states, with all the events that lead from the one to the other. */
export function draw(moves: Moves, first: string, isLast: (state: string) => boolean): string {
  const lines = [`[*] --> ${first}`];
  for (const [state, next] of Object.entries(moves)) {
    for (const after of new Set(Object.values(next))) {
      const events = Object.keys(next).filter((event) => next[event] === after);
      lines.push(`${state} --> ${after}: ${events.join(", ")}`);
    }
  }
  for (const state of Object.keys(moves).filter(isLast)) lines.push(`${state} --> [*]`);
  return ["```mermaid", "stateDiagram-v2", ...lines.map((line) => `  ${line}`), "```"].join("\n");
}

/** The document with each part between `<!-- drawn: NAME -->` and `<!-- end -->` drawn anew. */
export function redraw(text: string): string {
  return text.replaceAll(
    /(<!-- drawn: (\w+) -->\n)[^]*?(\n<!-- end -->)/g,
    (_, head: string, name: string, end: string) => `${head}${diagrams[name] ?? `no ${name}`}${end}`,
  );
}
