/** What people read in the log of an agent step: one short line for each turn and each call, without file contents. */

import type { Turn } from "./ask-model.ts";
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
