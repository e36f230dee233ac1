/** The link of a worker whose tasks a test reads, and whose results it reports. */

import { present } from "@haversack/base";
import type { AttemptRef, Task } from "@haversack/protocol";
import { type FakeClock, until } from "../../../../tests/support/fake-clock.ts";
import { WorkerLink } from "../dispatch/worker-link.ts";
import type { Store } from "../store/store.ts";
import { helloOf, resultOf } from "./fleet-samples.ts";

export function taskReader(store: Store, clock: FakeClock, slots: number) {
  const link = new WorkerLink(helloOf("w", { snapshotFeatures: ["skills"] }), clock);
  const { workerId } = link.hello;
  const tasks: Task[] = [];
  const reading = (async () => {
    for await (const message of link.outgoing()) if (message.kind === "tasks") tasks.push(...message.tasks);
  })();
  let taken = 0;
  return {
    link,
    /** It has come, and has this many slots. */
    greeted: (): void => {
      link.greeted();
      link.grant(slots);
    },
    /** In the order in which they came. */
    next: async (): Promise<Task> => {
      await until(() => tasks.length > taken);
      return present(tasks[taken++], "a task");
    },
    finish: async (ref: AttemptRef, outcome: "succeeded" | "failed" | "returned" = "succeeded") => {
      const results = [{ result: resultOf(ref, { outcome }), resultDigest: "d" }];
      return await store.write.attemptsFinish({ results, workerId, now: clock.now() });
    },
    end: async (): Promise<void> => {
      link.end();
      await reading;
    },
  };
}
