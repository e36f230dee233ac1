/** Shows a run to its end, with the screen that suits the terminal, and says how it ended. */

import type { HaversackClient, RunDetail } from "@haversack/protocol";
import { followRun, type Screen } from "./follow/follow-run.ts";
import type { LogLine } from "./follow/log-lines.ts";
import { runJson } from "./print/json.ts";
import { JsonScreen } from "./print/json-screen.ts";
import { LiveScreen } from "./print/live-screen.ts";
import { PlainScreen } from "./print/plain-screen.ts";
import { commandName, failedStep, runResult, whereNext } from "./print/run-result.ts";
import type { Shell } from "./shell.ts";

const tailLinesCount = 10;

export async function tellRun(
  client: HaversackClient,
  run: RunDetail,
  shell: Shell,
  { json }: { readonly json: boolean },
): Promise<RunDetail> {
  const { outside, paint } = shell;
  const tails = new Tails(screenFor(shell, json));
  if (!json) shell.note(`run ${run.id} of ${run.dagName}`);
  const ended = await followRun({ client, run, screen: tails, outside }, outside.stopping).catch(
    (error: unknown) => {
      if (outside.stopping.aborted && !json)
        shell.note(`the run goes on: ${commandName} show ${run.id} --follow`);
      throw error;
    },
  );
  if (json) {
    shell.out(`${JSON.stringify({ type: "run", ...runJson(ended) })}\n`);
    return ended;
  }
  const failed = failedStep(ended);
  const tail = failed === undefined ? [] : tails.of(failed.id);
  shell.out(`\n${runResult(ended, tail, paint)}${whereNext(ended, paint)}`);
  return ended;
}

function screenFor({ outside, paint }: Shell, json: boolean): Screen {
  if (json) return new JsonScreen(outside);
  return outside.terminal.live ? new LiveScreen(outside, paint) : new PlainScreen(outside, paint);
}

/** Keeps the last lines of each step on their way to the screen. */
class Tails implements Screen {
  readonly #screen: Screen;
  readonly #lines = new Map<string, string[]>();

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  of(stepId: string): readonly string[] {
    return this.#lines.get(stepId) ?? [];
  }

  line(line: LogLine, picture: Parameters<Screen["line"]>[1]): void {
    const lines = [...this.of(line.stepId), line.text].slice(-tailLinesCount);
    this.#lines.set(line.stepId, lines);
    this.#screen.line(line, picture);
  }

  show(...args: Parameters<Screen["show"]>): void {
    this.#screen.show(...args);
  }

  note(text: string): void {
    this.#screen.note(text);
  }

  end(picture: Parameters<Screen["end"]>[0]): void {
    this.#screen.end(picture);
  }
}
