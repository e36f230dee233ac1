/** Short histories of a run that show what chance shows too seldom to be relied upon. */

import type { HandlerKind, StepSpec } from "@haversack/protocol";
import type { Command } from "./model-cases.ts";
import { step } from "./store-world.ts";

export interface ShortHistory {
  /** What must have happened in it, in the words of the reference. */
  readonly shows: readonly string[];
  readonly steps: readonly StepSpec[];
  readonly handlers: readonly StepSpec[];
  readonly commands: readonly Command[];
}

const history = (shows: string, commands: Command[], more: Partial<ShortHistory> = {}): ShortHistory => ({
  shows: shows.split(", "),
  steps: [step("a")],
  handlers: [],
  commands,
  ...more,
});

const handler = (kind: HandlerKind): Partial<ShortHistory> => ({
  handlers: [{ ...step("h0"), handler: kind }],
});

type Finish = Extract<Command, { do: "finish" }>;
/** @param which a step, in the order of the run */
const claim = (which = 0): Command => ({ do: "claim", which, worker: 0 });
/** @param which an attempt, in the order of the claims */
const start = (which: number): Command => ({ do: "start", which, thief: false });
const finish = (which: number, outcome: Finish["outcome"] = "succeeded"): Command => ({
  do: "finish",
  which,
  thief: false,
  outcome,
  interrupted: false,
});
const cancel: Command = { do: "cancel" };
const lose: Command = { do: "lose" };
/** The worker comes back and holds nothing. */
const greet: Command = { do: "greet", worker: 0, held: 0, reboot: false };

const retryOnce = { limit: 1, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } as const;

export const shortHistories: readonly ShortHistory[] = [
  history("run succeeded, onSuccess", [claim(), finish(0)], handler("onSuccess")),
  history("run failed, onFailure", [claim(), finish(0, "failed")], handler("onFailure")),
  history("run cancelled, onCancel", [cancel], handler("onCancel")),
  history("cancel before onSuccess", [claim(), finish(0), cancel], handler("onSuccess")),
  history("cancel before onFailure", [claim(), finish(0, "failed"), cancel], handler("onFailure")),
  history("cancel before onExit", [claim(), finish(0), cancel], handler("onExit")),
  history("retry", [claim(), finish(0, "failed"), claim(), finish(1, "failed")], {
    steps: [step("a", [], { retry: retryOnce })],
  }),
  history("repeated result, conflict, terminal", [claim(), finish(0), finish(0), finish(0, "failed")]),
  history("never arrived", [claim(), greet]),
  history("loss 1, expired", [claim(), lose, finish(0)]),
  history("loss 1, superseded", [claim(), start(0), lose, claim(), finish(0)]),
  history("loss 2, loss 3, terminal", [claim(), lose, claim(), lose, claim(), lose, finish(2)]),
  history("lost when cancelled", [claim(), start(0), cancel, lose]),
  history("skipped", [claim(), finish(0)], { steps: [step("a"), step("b", ["a"], { condition: "false" })] }),
  history("blocked, rescued", [claim(), finish(0, "failed")], {
    steps: [step("a"), step("b", ["a"]), step("c", ["a"], { condition: "always()" })],
  }),
  history("excused, ready", [claim(), finish(0, "failed")], {
    steps: [step("a", [], { continueOnError: true }), step("b", ["a"])],
  }),
];
