/** Events of containers: they only say that something is worth a look. */

import type { Readable } from "node:stream";
import { pause } from "@haversack/base";
import { linesOf } from "../engine-lines.ts";
import type { Runtime } from "../runtime.ts";
import { type Engine, engineCall } from "./engine.ts";
import { clusterLabel } from "./network.ts";

const againMs = 1000;
const againMsMax = 30_000;

export function watchVerbs(engine: Engine): Pick<Runtime, "watch"> {
  return {
    async watch(onChange, signal) {
      let wait = againMs;
      while (!signal.aborted) {
        try {
          await listen(engine, signal, () => {
            wait = againMs;
            onChange();
          });
        } catch {
          // The engine is away; whoever asks it something else says so.
        }
        await pause(engine.clock, wait, signal).catch(() => {});
        wait = Math.min(againMsMax, 2 * wait);
      }
    },
  };
}

/**
 * Ends when the engine does. What happened before it could be heard is worth a look as well. Podman finds nothing by the
 * name of a label alone, so the lines are looked through here.
 */
async function listen({ docker }: Engine, signal: AbortSignal, onChange: () => void): Promise<void> {
  const filters = { type: ["container" as const] };
  const events = (await engineCall("listening to events", signal, () =>
    docker.getEvents({ filters, abortSignal: signal }),
  )) as Readable;
  onChange();
  try {
    for await (const line of linesOf(events)) {
      if (isChange(new TextDecoder().decode(line))) onChange();
    }
  } finally {
    events.destroy();
  }
}

/** Of one of ours. The commands that are run in it, such as those of a probe, change nothing. */
function isChange(line: string): boolean {
  return line.includes(`"${clusterLabel}"`) && !/"Action":"exec/.test(line);
}
