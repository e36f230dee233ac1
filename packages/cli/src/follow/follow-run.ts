/**
 * A run from now to its end, told to a screen: its events and its logs, over as many connections as it takes.
 * Interrupting it does nothing to the run.
 */

import { faultOf, type Ms, messageOf, pause } from "@haversack/base";
import { type HaversackClient, isTerminalRun, type RunDetail, type RunEvent } from "@haversack/protocol";
import type { Outside } from "../outside.ts";
import { type Link, resumed, retried } from "./link.ts";
import { type LogLine, LogLines } from "./log-lines.ts";
import {
  afterEvent,
  afterLine,
  afterLook,
  pictureAtStart,
  type RunPicture,
  type StepPicture,
} from "./run-picture.ts";

export interface Screen {
  /** @param event what changed; absent when it is only the time, or a look at what events do not say */
  show(picture: RunPicture, event?: RunEvent): void;
  line(line: LogLine, picture: RunPicture): void;
  note(text: string): void;
  /** The last call. */
  end(picture: RunPicture): void;
}

export interface FollowAsked {
  readonly client: HaversackClient;
  readonly run: RunDetail;
  readonly screen: Screen;
  readonly outside: Outside;
}

const redrawMs: Ms = 120;
const lookEachMs: Ms = 2_000;
/** Logs may arrive a little later than the event that ends the run. */
const lateLogsMs: Ms = 5_000;

/** Answers the run as it ended. */
export async function followRun(asked: FollowAsked, signal: AbortSignal): Promise<RunDetail> {
  const follower = new Follower(asked, signal);
  try {
    return await follower.follow();
  } finally {
    await follower.close();
  }
}

/** What a person is asked does not change, so it is looked up once. */
const hasMoreToTell = ({ phase, items, waitingFor }: StepPicture): boolean =>
  phase === "ready" ||
  (phase === "running" && items !== undefined) ||
  (phase === "suspended" && waitingFor === undefined);

/** The events speak for all when the connection breaks. */
const quiet = (link: Link): Link => ({ ...link, onBroken: () => {} });

class Follower {
  readonly #asked: FollowAsked;
  readonly #signal: AbortSignal;
  readonly #closing = new AbortController();
  readonly #link: Link;
  readonly #beside: Promise<void>[] = [];
  #picture: RunPicture;

  constructor(asked: FollowAsked, signal: AbortSignal) {
    this.#asked = asked;
    this.#signal = AbortSignal.any([signal, this.#closing.signal]);
    this.#picture = pictureAtStart(asked.run);
    const onBroken = (why: string): void => asked.screen.note(`connection lost, trying again (${why})`);
    this.#link = { clock: asked.outside.clock, random: asked.outside.random, onBroken };
  }

  async follow(): Promise<RunDetail> {
    const { client, run, screen } = this.#asked;
    screen.show(this.#picture);
    const logs = this.#quietly(this.#logs());
    this.#beside.push(logs, this.#quietly(this.#redraw()), this.#quietly(this.#look()));
    await this.#events();
    await Promise.race([logs, pause(this.#asked.outside.clock, lateLogsMs, this.#signal)]);
    return retried(() => client.run(run.id, this.#signal), this.#link, this.#signal);
  }

  /** Stops what goes on beside the events, then says goodbye to the screen. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#beside);
    this.#asked.screen.end(this.#picture);
  }

  async #events(): Promise<void> {
    const { client, run, screen } = this.#asked;
    const seqOf = (event: RunEvent): number => event.seq;
    const hasEnded = (): boolean => isTerminalRun(this.#picture.status);
    const open = (after: number): AsyncIterable<RunEvent> => client.watch(run.id, after, this.#signal);
    for await (const event of resumed(open, seqOf, hasEnded, this.#link, this.#signal)) {
      this.#picture = afterEvent(this.#picture, event);
      screen.show(this.#picture, event);
    }
  }

  async #logs(): Promise<void> {
    const { client, run } = this.#asked;
    const link = quiet(this.#link);
    const lines = new LogLines();
    const open = (afterPosition: number) =>
      client.logs({ runId: run.id, follow: true, afterPosition }, this.#signal);
    for await (const piece of resumed(
      open,
      (each) => each.position,
      () => true,
      link,
      this.#signal,
    )) {
      this.#lines(lines.take(piece));
    }
    this.#lines(lines.end());
  }

  #lines(lines: readonly LogLine[]): void {
    for (const line of lines) {
      this.#picture = afterLine(this.#picture, line.stepId, line.text);
      this.#asked.screen.line(line, this.#picture);
    }
  }

  async #redraw(): Promise<void> {
    for (;;) {
      await pause(this.#asked.outside.clock, redrawMs, this.#signal);
      this.#asked.screen.show(this.#picture);
    }
  }

  /** Asks now and then for what events do not say: why a step waits. */
  async #look(): Promise<void> {
    const { client, run, screen, outside } = this.#asked;
    for (;;) {
      await pause(outside.clock, lookEachMs, this.#signal);
      if (!this.#picture.steps.some(hasMoreToTell)) continue;
      const seen = await retried(() => client.run(run.id, this.#signal), quiet(this.#link), this.#signal);
      this.#picture = afterLook(this.#picture, seen);
      screen.show(this.#picture);
    }
  }

  /** What goes on beside the events may fail without ending them; what it says is told once. */
  async #quietly(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (this.#signal.aborted || faultOf(error) === "unavailable") return;
      this.#asked.screen.note(messageOf(error));
    }
  }
}
