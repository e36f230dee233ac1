/** The first half of what a worker's images are made of: the table, the engine, who may use what, and when. */

import { Board } from "./board.ts";
import { mayFetch } from "./desk.ts";
import { EngineWatch } from "./engine-watch.ts";
import { Journal } from "./journal.ts";
import { Leases } from "./leases.ts";
import type { OpenImagesParts } from "./open-parts.ts";
import { Permits } from "./turn.ts";

export interface TableParts {
  readonly board: Board;
  readonly journal: Journal;
  readonly engine: EngineWatch;
  readonly leases: Leases;
  readonly permits: Permits;
}

/**
 * @param folder of what is written down
 * @param onAsked when the engine was asked, answered or not
 */
export function composeTable(
  { ports, runtime, kind, settings, uplink }: OpenImagesParts,
  folder: string,
  onAsked: (signal: AbortSignal) => Promise<void>,
): TableParts {
  const { prefetch } = settings;
  const journal = new Journal(folder);
  const board = new Board({
    ports,
    journal,
    isBarred: ({ status }) => status.ref === "base" && !mayFetch(prefetch.policy),
    tell: (statuses) => uplink.send({ kind: "images", statuses }),
  });
  const permits = new Permits({
    ...ports,
    ask: (digest) => uplink.send({ kind: "imagePermit", digest }),
    onUp: (listener) => uplink.onUp(listener),
  });
  const onChanged = (engine: ReturnType<EngineWatch["engine"]>): void =>
    uplink.send({ kind: "engine", engine });
  const engine = new EngineWatch({ ports, runtime, kind, prefetch, onAsked, onChanged });
  return { board, journal, engine, leases: new Leases(), permits };
}
