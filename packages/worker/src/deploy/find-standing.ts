/** What of a deployment is on this worker before a deploy of it begins. */

import type { Deployed } from "./labels.ts";
import { readLabels } from "./labels.ts";
import type { Deploy } from "./parts.ts";
import { readRecord } from "./record.ts";

export interface Found {
  /** All of the name, of whatever revision, that this worker made. */
  readonly all: readonly Deployed[];
  /** The one that a new one takes the place of. */
  readonly old?: Deployed;
  /** It is what is asked for already. */
  readonly same?: Deployed;
}

export async function findStanding(deploy: Deploy): Promise<Found> {
  const { work, workerId, runtime, signal } = deploy;
  const views = await runtime.list(work.cluster, signal);
  const all = views.flatMap((view) => {
    const found = readLabels(view);
    return found?.name === work.name && found.worker === workerId ? [found] : [];
  });
  const others = all.filter(({ revision }) => revision !== work.revision);
  const running = others.filter(({ view }) => view.state === "running");
  const newest = running.toSorted((a, b) => b.revision - a.revision).at(0);
  const old = others.find(({ revision }) => revision === work.replaces) ?? newest;
  const same = await firstSame(deploy, all);
  return { all, ...(old !== undefined && { old }), ...(same !== undefined && { same }) };
}

/** One that a crash left half made looks the same from outside: only a deploy that ended well says that it is whole. */
async function firstSame(
  { work, dataFolder }: Deploy,
  all: readonly Deployed[],
): Promise<Deployed | undefined> {
  for (const each of all) {
    if (each.spec !== work.spec || each.view.state !== "running") continue;
    if ((await readRecord(dataFolder, each)) !== undefined) return each;
  }
  return undefined;
}
