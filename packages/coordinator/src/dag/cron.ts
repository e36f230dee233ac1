/**
 * Times of a cron text in a time zone, by croner. Where the clocks change, a schedule of fixed times (seconds, minutes
 * and hours without `*` and `/`) comes once on every day: a time that the day lacks comes at the first moment after the
 * gap, one that the day has twice comes at the first of the two. Any other schedule follows elapsed time: what lies in
 * the gap is left out, what occurs twice comes twice.
 */

import { didYouMean, messageOf } from "@haversack/base";
import { Cron } from "croner";

const charactersMax = 200;
const expected =
  "expected five fields such as `30 2 * * *` (minute hour day month weekday), six with seconds first, or @hourly, @daily, @weekly, @monthly, @yearly";

export function parseCron(text: string, timezone: string): Cron {
  // What it makes of a date is no schedule, and `paused`: croner's own timer is not ours.
  return new Cron(text, { timezone, paused: true, mode: "5-or-6-parts", fixedTimeRule: "no-wildcard" });
}

/** What is wrong with a cron text, or undefined. */
export function cronProblem(text: string): string | undefined {
  if (text.length > charactersMax) return `it has ${text.length} characters, at most ${charactersMax}`;
  if (!/^\s*(@[a-z]+|\S+(\s+\S+){4,5})\s*$/i.test(text)) return expected;
  try {
    if (parseCron(text, "UTC").nextRun() === null) return "it has no time at all, such as a 30th of February";
    return undefined;
  } catch (error) {
    return `${messageOf(error).replace(/^CronPattern: /, "")}; ${expected}`;
  }
}

/** What is wrong with the name of a time zone, or undefined. */
export function zoneProblem(name: string): string | undefined {
  try {
    if (!/^[A-Za-z]/.test(name)) throw new RangeError("an offset");
    Intl.DateTimeFormat("en", { timeZone: name });
    return undefined;
  } catch {
    const near = didYouMean(name, Intl.supportedValuesOf("timeZone"));
    return `unknown time zone ${JSON.stringify(name.slice(0, 60))}; expected an IANA name such as Europe/Berlin or UTC${near}`;
  }
}

/** The first times after a moment, oldest first. */
export function timesAfter(cron: Cron, after: number, count: number): number[] {
  return cron.nextRuns(count, new Date(after)).map((time) => time.getTime());
}

/** The newest times in (after, upTo], oldest first: at most so many. */
export function newestTimes(cron: Cron, after: number, upTo: number, count: number): number[] {
  // As a rule there are few, and looking ahead for a few is a hundred times faster than looking back for many.
  const times: number[] = [];
  for (
    let [next] = timesAfter(cron, after, 1);
    next !== undefined && next <= upTo;
    [next] = timesAfter(cron, next, 1)
  ) {
    times.push(next);
    if (times.length > count) return lookBack(cron, after, upTo, count);
  }
  return times;
}

function lookBack(cron: Cron, after: number, upTo: number, count: number): number[] {
  // Croner counts in whole seconds, and leaves out the moment that it is given.
  const before = new Date(Math.floor(upTo / 1000) * 1000 + 1000);
  const times = cron.previousRuns(count + 1, before).map((time) => time.getTime());
  return times
    .filter((time) => time > after && time <= upTo)
    .slice(0, count)
    .toReversed();
}
