/**
 * Lets runs start that wait for others of their key, and ends those that have to make room. All that it knows is in the
 * store: whichever coordinator looks does the same.
 */

import { andThen, Background, type Ports, type Service, Wakeup } from "@haversack/base";
import type { Store } from "../store/store.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

/** A missed wake-up is made good after this long. */
const sweepMs = 2000;
/** Keys that one transaction looks at. */
const keysPerLook = 100;

export interface RunKeeper {
  readonly loop: Service;
  /** Runs wait: from now on every change of a run is heard. */
  held(): void;
}

export interface RunKeeperParts {
  readonly store: Store;
  readonly registry: WorkerRegistry;
  readonly ports: Ports;
}

export function runKeeper(
  { store, registry, ports }: RunKeeperParts,
  onFailure: (error: unknown) => void,
): RunKeeper {
  const wakeup = new Wakeup();
  let anyHeld = false;
  const stopListening = store.listen({ runs: () => anyHeld && wakeup.ring(), ready: () => {} });

  async function look(signal: AbortSignal): Promise<void> {
    let after: number | undefined = 0;
    // Whatever ends from here on is heard.
    anyHeld = true;
    let some = false;
    while (after !== undefined && !signal.aborted) {
      const { cancel, held, next }: Awaited<ReturnType<Store["write"]["runsAdmit"]>> =
        await store.write.runsAdmit({ now: ports.clock.now(), after, limit: keysPerLook });
      some ||= held;
      for (const id of cancel) {
        const { live } = await store.write.runCancel({ id, now: ports.clock.now() });
        registry.cancel(live);
      }
      after = next;
    }
    anyHeld = some;
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await look(signal);
      await wakeup.nextWithin(ports.clock, sweepMs, signal);
    }
  }

  const loop = new Background("run keeper", run, onFailure);
  return {
    loop: andThen(loop, stopListening),
    held() {
      if (anyHeld) return;
      anyHeld = true;
      wakeup.ring();
    },
  };
}
