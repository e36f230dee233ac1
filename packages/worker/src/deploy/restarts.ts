/** When a container starts again on an engine that does not do it itself. Pure, but for what it remembers. */

import type { Ms } from "@haversack/base";
import type { ContainerView } from "../runtime/container.ts";

const firstMs: Ms = 1000;
const mostMs: Ms = 60_000;
/** Whoever lived for so long begins anew. */
const steadyMs: Ms = 60_000;

/** Undefined: it is to stay as it is. */
export function restartAfter(
  { state, restart, exitCode }: Pick<ContainerView, "state" | "restart" | "exitCode">,
  tries: number,
): Ms | undefined {
  if (state !== "exited" || restart === undefined || restart === "never") return undefined;
  if (restart === "on-failure" && exitCode === 0) return undefined;
  return Math.min(mostMs, firstMs * 2 ** Math.min(tries, 10));
}

export interface Restarts {
  /** Whether it is to be started now; otherwise in how many milliseconds it should be asked again. */
  due(view: ContainerView, now: Ms): { readonly start: boolean; readonly againInMs?: Ms };
  /** Those that are there; the others are forgotten. */
  keep(ids: ReadonlySet<string>): void;
}

export function restarts(): Restarts {
  const known = new Map<string, { tries: number; dueAt: Ms | undefined; upSince: Ms | undefined }>();
  return {
    due(view, now) {
      const entry = known.get(view.id) ?? { tries: 0, dueAt: undefined, upSince: undefined };
      known.set(view.id, entry);
      if (view.state === "running") {
        entry.upSince ??= now;
        if (now - entry.upSince >= steadyMs) entry.tries = 0;
        return { start: false };
      }
      entry.upSince = undefined;
      const delay = restartAfter(view, entry.tries);
      if (delay === undefined) return { start: false };
      entry.dueAt ??= now + delay;
      if (now < entry.dueAt) return { start: false, againInMs: entry.dueAt - now };
      entry.tries += 1;
      entry.dueAt = undefined;
      return { start: true };
    },
    keep(ids) {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    },
  };
}
