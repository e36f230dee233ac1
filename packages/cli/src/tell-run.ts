/** Shows a run to its end, with the screen that suits the terminal, and says how it ended. */

import { type HaversackClient, itemOfId, type RunDetail, type RunEvent } from "@haversack/protocol";
import { followRun, type Screen } from "./follow/follow-run.ts";
import type { LogLine } from "./follow/log-lines.ts";
import { runJson } from "./print/json.ts";
import { JsonScreen } from "./print/json-screen.ts";
import { LiveScreen } from "./print/live-screen.ts";
import { PlainScreen } from "./print/plain-screen.ts";
import { printable } from "./print/printable.ts";
import { failedStep, runResult, whereNext } from "./print/run-result.ts";
import type { Shell } from "./shell.ts";

const tailLinesCount = 10;

export interface TellAsked {
  readonly json: boolean;
  /** Said when the telling is interrupted. */
  readonly whenInterrupted: string;
  /** Options that lead the next command to the same coordinator. */
  readonly flags: string;
}

/** Answers the run as it ended. Rejects when the signal fires first, which does nothing to the run. */
export async function tellRun(
  client: HaversackClient,
  run: RunDetail,
  asked: TellAsked,
  shell: Shell,
  signal: AbortSignal,
): Promise<RunDetail> {
  const { outside, paint } = shell;
  const tails = new Tails(screenFor(shell, asked.json));
  if (!asked.json) shell.note(`run ${run.id} of ${printable(run.dagName)}`);
  try {
    const ended = await followRun({ client, run, screen: tails, outside }, signal);
    const failed = failedStep(ended);
    const tail = failed === undefined ? [] : tails.of(failed.id);
    if (asked.json) shell.out(`${JSON.stringify({ type: "run", ...runJson(ended) })}\n`);
    else shell.out(`\n${runResult(ended, tail, paint)}${whereNext(ended, asked.flags, paint)}`);
    return ended;
  } catch (error) {
    if (outside.stopping.aborted) shell.note(asked.whenInterrupted);
    throw error;
  }
}

function screenFor({ outside, paint }: Shell, json: boolean): Screen {
  if (json) return new JsonScreen(outside);
  return outside.terminal.live ? new LiveScreen(outside, paint) : new PlainScreen(outside, paint);
}

/** Keeps the last lines of each step on their way to the screen. */
class Tails implements Screen {
  readonly #screen: Screen;
  readonly #lines = new Map<string, string[]>();
  /** By their step. */
  readonly #firstFailedItems = new Map<string, string>();

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  of(stepId: string): readonly string[] {
    return this.#lines.get(this.#firstFailedItems.get(stepId) ?? stepId) ?? [];
  }

  line(line: LogLine, picture: Parameters<Screen["line"]>[1]): void {
    const lines = [...this.of(line.stepId), line.text].slice(-tailLinesCount);
    this.#lines.set(line.stepId, lines);
    this.#screen.line(line, picture);
  }

  show(picture: Parameters<Screen["show"]>[0], event?: RunEvent): void {
    const change = event?.change;
    const groupId = change?.kind === "step" ? itemOfId(change.stepId)?.groupId : undefined;
    if (change?.kind === "step" && change.phase === "failed" && groupId !== undefined) {
      if (!this.#firstFailedItems.has(groupId)) this.#firstFailedItems.set(groupId, change.stepId);
    }
    this.#screen.show(picture, event);
  }

  note(text: string): void {
    this.#screen.note(text);
  }

  end(picture: Parameters<Screen["end"]>[0]): void {
    this.#screen.end(picture);
  }
}
