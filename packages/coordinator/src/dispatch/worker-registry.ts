/** The workers that are connected to this coordinator. One identity has one link: a newer session ends the older. */

import type { AttemptRef, WorkerId } from "@haversack/protocol";
import type { ViewWorker } from "./view.ts";
import type { WorkerLink } from "./worker-link.ts";

/** Sessions at once. */
const linksMax = 5000;

export class WorkerRegistry {
  readonly #links = new Map<WorkerId, WorkerLink>();

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

  view(): ViewWorker[] {
    return this.all().map((link) => ({
      id: link.hello.workerId,
      labels: link.hello.labels,
      credits: link.credits,
      snapshotMinVersion: link.hello.snapshotMinVersion,
      snapshotMaxVersion: link.hello.snapshotMaxVersion,
      snapshotFeatures: link.hello.snapshotFeatures,
      snapshotsHeld: link.snapshotsHeld,
    }));
  }

  /** Tells workers to end attempts; those of workers that are away are told with their next hello or heartbeat. */
  cancel(refs: readonly (AttemptRef & { readonly workerId?: WorkerId })[]): void {
    for (const link of this.#links.values()) link.cancel(refs);
  }
}
