/** What people read in the log of an agent step: one short line for each turn and each call, without file contents. */

import type { Clock } from "@haversack/base";
import type { Turn } from "./ask-model.ts";
import type { Upward } from "./assignment.ts";
import type { ToolCall } from "./llm-client.ts";
import type { CallEnd } from "./tool-box.ts";
import type { TurnObserver } from "./turn-loop.ts";

const lineLengthMax = 240;
/** So that a note for memory stands in the log in full. */
const summaryLengthMax = 2100;

export interface ActivityOptions {
  /** One line; masked already. */
  readonly note: (line: string) => void;
  /** Called when the text of a turn is complete. */
  readonly turnEnded: () => Promise<void>;
}

export function activityLog({ note, turnEnded }: ActivityOptions): TurnObserver {
  return {
    async responded(number: number, turn: Turn) {
      await turnEnded();
      const calls =
        turn.calls.length === 0 ? "no calls" : `calls ${turn.calls.map(({ tool }) => tool).join(", ")}`;
      const finish =
        turn.finish === "stop" || turn.finish === "tool-calls" ? "" : `, ended by ${turn.finish}`;
      note(
        `turn ${number}: ${turn.model}, ${turn.inputTokens} tokens in, ${turn.outputTokens} out, ${calls}${finish}`,
      );
    },
    async toolIntended(_number: number, { tool }: ToolCall, summary: string) {
      note(shorten(`  ${tool} ${summary}`.trimEnd(), summaryLengthMax));
    },
    async toolEnded(_number: number, { tool }: ToolCall, end: CallEnd) {
      if (end.ok) note(`  ${tool}: ok, ${end.text.length} characters`);
      else note(shorten(`  ${tool}: ${end.text.replaceAll(/\s+/g, " ")}`));
    },
  };
}

function shorten(line: string, lengthMax = lineLengthMax): string {
  return line.length > lengthMax ? `${line.slice(0, lengthMax)}...` : line;
}

export type TurnReport = Extract<Upward, { kind: "turn" }>;

/**
 * Tells the worker of each turn, for its traces: when, by which model, how many tokens; nothing that was said. A turn begins where the loop, or the last tool of the turn before, left off.
 */
export function turnReports(
  inner: TurnObserver,
  clock: Clock,
  tell: (report: TurnReport) => void,
): TurnObserver {
  let startedAt = clock.now();
  return {
    async responded(number, turn) {
      const { model, inputTokens, outputTokens } = turn;
      tell({ kind: "turn", model, inputTokens, outputTokens, startedAt, endedAt: clock.now() });
      await inner.responded(number, turn);
      startedAt = clock.now();
    },
    toolIntended: (number, call, summary) => inner.toolIntended(number, call, summary),
    async toolEnded(number, call, end) {
      await inner.toolEnded(number, call, end);
      startedAt = clock.now();
    },
  };
}
