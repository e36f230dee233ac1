/** The workers that are connected to this coordinator. One identity has one link: a newer session ends the older. */

import type { Ms } from "@haversack/base";
import type { AttemptRef, WorkerId } from "@haversack/protocol";
import { Together } from "./together.ts";
import type { ViewWorker } from "./view.ts";
import type { WorkerLink } from "./worker-link.ts";

/** Sessions at once. */
const linksMax = 5000;

export class WorkerRegistry {
  readonly #suspectAfterMs: Ms;
  readonly #links = new Map<WorkerId, WorkerLink>();
  /** Heartbeats of all of them. */
  readonly heartbeats = new Together();

  /** @param suspectAfterMs a worker that was silent for so long gets no new task */
  constructor(suspectAfterMs: Ms) {
    this.#suspectAfterMs = suspectAfterMs;
  }

  get size(): number {
    return this.#links.size;
  }

  get isFull(): boolean {
    return this.#links.size >= linksMax;
  }

  add(link: WorkerLink): void {
    const older = this.#links.get(link.hello.workerId);
    this.#links.set(link.hello.workerId, link);
    if (older === undefined) return;
    const another = older.hello.bootId !== link.hello.bootId;
    // The same process dialled again, or another one under its name: only the second would fight for ever.
    older.goodbye(
      another ? "another process connected under this worker id" : "replaced by a newer session",
      0,
      another,
    );
  }

  /** Only the link itself: its successor may have taken the place. */
  remove(link: WorkerLink): void {
    if (this.#links.get(link.hello.workerId) === link) this.#links.delete(link.hello.workerId);
  }

  get(id: WorkerId): WorkerLink | undefined {
    return this.#links.get(id);
  }

  all(): WorkerLink[] {
    return [...this.#links.values()];
  }

  /** A worker that was silent for a whole lease holds nothing any more; if it lives, it dials again. */
  endSilent(afterMs: Ms): void {
    for (const link of this.all()) {
      if (link.silentForMs > afterMs) link.goodbye("nothing was heard for the length of a lease", 0);
    }
  }

  view(): ViewWorker[] {
    return this.all().map((link) => ({
      id: link.hello.workerId,
      name: link.hello.name,
      labels: link.hello.labels,
      credits: link.silentForMs < this.#suspectAfterMs ? link.credits : 0,
      ...(link.isCordoned ? { closed: "cordoned" } : link.isStopping ? { closed: "stopping" } : {}),
      snapshotMinVersion: link.hello.snapshotMinVersion,
      snapshotMaxVersion: link.hello.snapshotMaxVersion,
      snapshotFeatures: link.hello.snapshotFeatures,
      snapshotsHeld: link.snapshotsHeld,
      imagesReady: link.imagesReady,
      ...(link.engine === undefined ? {} : { engine: link.engine }),
    }));
  }

  /** Tells workers to end attempts; those of workers that are away are told with their next hello or heartbeat. */
  cancel(refs: readonly AttemptRef[]): void {
    for (const link of this.#links.values()) link.cancel(refs.filter((ref) => link.owns(ref)));
  }
}
