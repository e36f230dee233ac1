/** One line for each thing that happens: for pipes, logs of CI, and terminals that cannot redraw. */

import {
  isTerminalRun,
  isTerminalStep,
  itemOfId,
  type RunEvent,
  type StepChange,
  type StepPhase,
} from "@haversack/protocol";
import type { Screen } from "../follow/follow-run.ts";
import { itemsProgress } from "../follow/items-picture.ts";
import type { LogLine } from "../follow/log-lines.ts";
import type { RunPicture, StepPicture } from "../follow/run-picture.ts";
import type { Outside } from "../outside.ts";
import { elapsed } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { printable, printableLines } from "./printable.ts";

const words = {
  waiting: "waits",
  ready: "is tried again",
  leased: "is given to a worker",
  running: "runs",
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "was cancelled",
  blocked: "does not run: a step before it did not succeed",
  skipped: "is skipped",
  suspended: "waits for a person",
} as const satisfies Record<StepPhase, string>;

/** Not the moves that say nothing that the next one does not say too. */
const isNews = ({ phase, attempt }: StepPicture): boolean =>
  phase === "ready" ? attempt > 0 : phase !== "waiting" && phase !== "leased";

/** Further lines of it stand below its first one. */
const told = (text: string): string => printableLines(text, 4);

export class PlainScreen implements Screen {
  readonly #outside: Outside;
  readonly #paint: Paint;
  readonly #waits = new Map<string, string>();

  constructor(outside: Outside, paint: Paint) {
    this.#outside = outside;
    this.#paint = paint;
  }

  show(picture: RunPicture, event?: RunEvent): void {
    if (event === undefined) return this.#showWaits(picture);
    const { change } = event;
    if (change.kind === "step") {
      const step = picture.steps.find((each) => each.id === change.stepId);
      if (step === undefined) this.#showItem(picture, change);
      else if (isNews(step)) this.#showStep(step);
      return;
    }
    if (isTerminalRun(change.status)) return;
    const paused = change.paused === true ? ", paused: it starts no further step" : "";
    const what = change.cancelRequested ? "is being cancelled" : `is ${change.status}${paused}`;
    const why = change.failure === undefined ? "" : `, and being ended: ${told(change.failure.message)}`;
    this.#say(`run ${picture.id} ${what}${why}`);
  }

  line({ stepId, text }: LogLine): void {
    this.#say(`${this.#paint.faint(`[${stepId}]`)} ${printable(text)}`);
  }

  note(text: string): void {
    this.#outside.terminal.err(`${this.#paint.faint(told(text))}\n`);
  }

  end(): void {}

  #showStep(step: StepPicture): void {
    const again = step.attempt > 1 ? ` (attempt ${step.attempt})` : "";
    const time =
      step.endedAt === undefined ? "" : ` after ${elapsed(step.startedAt, step.endedAt, step.endedAt)}`;
    const why =
      step.phase === "failed" && step.failure !== undefined ? `: ${told(step.failure.message)}` : "";
    this.#say(`step ${step.id} ${this.#paint.phase(step.phase, words[step.phase])}${again}${time}${why}`);
  }

  #showItem(picture: RunPicture, { stepId, phase, failure }: StepChange): void {
    const items = picture.steps.find(({ id }) => id === itemOfId(stepId)?.groupId)?.items;
    if (items === undefined || !isTerminalStep(phase)) return;
    const why = failure === undefined ? "" : `: ${told(failure.message)}`;
    this.#say(`step ${stepId} ${this.#paint.phase(phase, words[phase])} (${itemsProgress(items)})${why}`);
  }

  #showWaits(picture: RunPicture): void {
    for (const { id, phase, waitingFor } of picture.steps) {
      const isIdle = phase === "ready" || phase === "suspended";
      if (!isIdle || waitingFor === undefined || this.#waits.get(id) === waitingFor) continue;
      this.#waits.set(id, waitingFor);
      this.#say(`step ${id} ${phase === "ready" ? "waits: " : ""}${told(waitingFor)}`);
    }
  }

  #say(text: string): void {
    this.#outside.terminal.out(`${text}\n`);
  }
}
