/** The second half: flights, the disk that they need, and what is removed to make room for them. */

import type { Digest } from "@haversack/protocol";
import type { RuntimeInfo } from "../runtime/runtime.ts";
import type { TableParts } from "./compose-table.ts";
import { checkRoom, needsOf, reserveBytes, type SpaceOf, systemSpaceOf } from "./disk.ts";
import { stallMs } from "./download.ts";
import { Flights } from "./flights.ts";
import type { ImageRecord } from "./image-record.ts";
import type { Net } from "./net.ts";
import type { OpenImagesParts } from "./open-parts.ts";
import { sweep } from "./sweep.ts";
import { Turn } from "./turn.ts";

export interface FlightsOf extends TableParts {
  readonly net: Net;
  /** Of files and locks. */
  readonly folder: string;
  readonly isShared: boolean;
  readonly wanted: () => ReadonlySet<Digest>;
  readonly onCancelled: (record: ImageRecord) => void;
  readonly stopping: AbortSignal;
}

export interface ComposedFlights {
  readonly flights: Flights;
  /** Removes what may go. Never rejects. */
  readonly clean: () => Promise<void>;
}

export function composeFlights(parts: OpenImagesParts, of: FlightsOf): ComposedFlights {
  const { ports, runtime, settings, limits } = parts;
  const { board, engine, wanted, onCancelled, stopping, folder, isShared } = of;
  const spaceOf = limits?.spaceOf ?? systemSpaceOf;
  const disk = { folder, isShared, spaceOf, reserveBytes: limits?.reserveBytes ?? reserveBytes };
  const own = { ports, runtime, ...of, ...disk };
  const clean = (): Promise<void> => sweep({ ...own, info: () => engine.info, wanted }, stopping);
  const flights = new Flights({
    ...own,
    turn: new Turn(),
    bytesPerSecondMax: settings.bytesPerSecondMax,
    stallMs: limits?.stallMs ?? stallMs,
    makeRoom: clean,
    onCancelled: (digest) => {
      const record = board.get(digest);
      if (record !== undefined) onCancelled(record);
    },
    hasRoom: (record) => hasRoom(record, disk, engine.info),
  });
  return { flights, clean };
}

/** For the whole of it again: what had come was removed. */
async function hasRoom(
  { image: { file } }: ImageRecord,
  disk: { readonly folder: string; readonly spaceOf: SpaceOf; readonly reserveBytes: number },
  info: RuntimeInfo | undefined,
): Promise<boolean> {
  if (file === undefined || info === undefined) return true;
  const needs = needsOf({ size: file.size, unpacked: file.unpacked, missing: file.size }, info, disk.folder);
  return await checkRoom(needs, disk.spaceOf, disk.reserveBytes).then(
    () => true,
    () => false,
  );
}
