/** A coordinator without a network that also starts a stored DAG each minute. */

import type { FakeClock } from "../../../../tests/support/fake-clock.ts";
import type { Submitter } from "../library/submit.ts";
import type { Scheduler } from "../schedule/scheduler.ts";
import type { Store } from "../store/store.ts";

interface Scheduling extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly submitter: Submitter;
  readonly scheduler: Scheduler;
}

/**
 * `minute` goes to the next minute and says which it is; `tick` says what became of it.
 * @param hours how far the wall clock is set ahead first
 */
export async function withSchedule<W extends Scheduling>(
  world: W,
  store: Store,
  text: string,
  hours: number,
) {
  const { clock, submitter, scheduler } = world;
  clock.jump(3_600_000 * hours);
  const { name } = await submitter.put({ dag: text, fileName: "scheduled.yaml" });
  await scheduler.loop.start(new AbortController().signal);
  const minute = (): number => {
    const due = (Math.floor(clock.now() / 60_000) + 1) * 60_000;
    clock.advance(due - clock.now());
    scheduler.ring();
    return due;
  };
  const tick = (due: number) => store.read.tickRead({ dagName: name, index: 0, due });
  const stop = async (): Promise<void> => {
    await store.write.dagDelete({ name });
    await world[Symbol.asyncDispose]();
  };
  return { ...world, minute, tick, [Symbol.asyncDispose]: stop };
}
