/** What a worker says of its containers, written down and answered: what is to go, and whose secrets are filled in again. */

import { messageOf, type Ports } from "@haversack/base";
import type { ObservedDeployments } from "@haversack/protocol";
import type { BesideListener } from "../dispatch/session.ts";
import type { WorkerLink } from "../dispatch/worker-link.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Store } from "../store/store.ts";
import { type OwnRunParts, startRestore } from "./own-runs.ts";

export interface ListenerParts extends OwnRunParts {
  readonly store: Store;
  readonly ports: Ports;
  readonly registry: Pick<WorkerRegistry, "get">;
  /** What can be placed may have changed. */
  readonly ring: () => void;
}

/** Containers of one worker that are looked at; a list that is longer is a mistake. */
const seenMax = 10_000;
const lastLinesMax = 4096;

/** A newer list makes an older one that waits superfluous. */
interface Looking {
  next: ObservedDeployments | undefined;
}

export function deploymentListener(parts: ListenerParts): BesideListener {
  const looking = new WeakMap<WorkerLink, Looking>();

  async function look(link: WorkerLink, own: Looking): Promise<void> {
    for (;;) {
      const observed = own.next;
      own.next = undefined;
      if (observed === undefined || link.ended.aborted) break;
      await observe(parts, link, observed).catch((error: unknown) => {
        const fields = { worker: link.hello.workerId, error: messageOf(error) };
        // It tells again within a minute.
        parts.ports.log.warn(fields, "what a worker has deployed could not be written down");
      });
    }
    looking.delete(link);
  }

  return {
    greeted: () => {},
    gone: () => {},
    take(message, link) {
      // One that is replaced by a newer session of its worker has no say any more.
      if (parts.registry.get(link.hello.workerId) !== link) return;
      if (message.kind === "engine") {
        link.engineIs(message.engine);
        parts.ring();
      }
      if (message.kind !== "deployments") return;
      const { kind: _, ...observed } = message;
      const known = looking.get(link);
      if (known !== undefined) {
        known.next = observed;
        return;
      }
      const own: Looking = { next: observed };
      looking.set(link, own);
      void look(link, own);
    },
  };
}

async function observe(parts: ListenerParts, link: WorkerLink, told: ObservedDeployments): Promise<void> {
  const { store, ports } = parts;
  const { workerId } = link.hello;
  const { log } = ports;
  if (told.deployments.length > seenMax) {
    log.warn(
      { worker: workerId, containers: told.deployments.length },
      "a worker told of too many containers",
    );
    return;
  }
  const deployments = told.deployments.map(({ lastLines, ...one }) =>
    lastLines === undefined ? one : { ...one, lastLines: lastLines.slice(-lastLinesMax) },
  );
  const observed = { ...told, deployments };
  const answer = await store.write.deploymentsObserve({ workerId, observed, now: ports.clock.now() });
  for (const { name, message } of answer.alarms) log.warn({ deployment: name, worker: workerId }, message);
  if (answer.remove.length > 0) link.send({ kind: "removeContainers", containers: answer.remove });
  for (const name of answer.restore) await restore(parts, name);
}

/** One that does not start is tried again when its pause is over. */
async function restore(parts: ListenerParts, name: string): Promise<void> {
  const { row } = await parts.store.read.deploymentRead({ name });
  const { content, revision, restore: tried } = row;
  if (content === undefined || tried === undefined) return;
  const run = await startRestore(parts, name, content, `${revision}/${tried.tries}/${tried.notBefore}`);
  parts.ports.log.info({ deployment: name, run }, "its secrets are filled in again");
}
