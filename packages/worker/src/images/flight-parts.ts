/** What a flight has at hand. */

import type { Ms, Ports } from "@haversack/base";
import type { Runtime, RuntimeInfo } from "../runtime/runtime.ts";
import type { Board } from "./board.ts";
import type { SpaceOf } from "./disk.ts";
import type { EngineWatch } from "./engine-watch.ts";
import type { ImageRecord } from "./image-record.ts";
import type { ImageHappening } from "./image-table.ts";
import type { Net } from "./net.ts";
import type { Permits, Turn } from "./turn.ts";

export interface FlightParts {
  readonly ports: Ports;
  readonly runtime: Runtime;
  readonly engine: EngineWatch;
  readonly board: Board;
  readonly net: Net;
  readonly turn: Turn;
  readonly permits: Permits;
  /** Of files and of locks; workers of one host may share it. */
  readonly folder: string;
  /** Files stay when they are imported. */
  readonly isShared: boolean;
  readonly spaceOf: SpaceOf;
  readonly reserveBytes: number;
  readonly bytesPerSecondMax: number;
  readonly stallMs: Ms;
  /** Before a download: what is not needed any more goes. Never rejects. */
  readonly makeRoom: () => Promise<void>;
}

/** What the steps of a flight have. */
export interface Flight {
  readonly parts: FlightParts;
  readonly record: ImageRecord;
  readonly info: RuntimeInfo;
  readonly signal: AbortSignal;
  /** Makes the move, or ends the flight: throws. */
  readonly step: (event: ImageHappening, details?: Parameters<Board["move"]>[2]) => void;
  readonly needsRoom: (missing: number) => Promise<void>;
}
