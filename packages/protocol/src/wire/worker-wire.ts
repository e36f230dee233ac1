/** Workers as the fleet service tells of them: protobuf ⇄ nouns. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  type Worker as WireWorker,
  WorkerAvailability,
  WorkerSchema,
  WorkerState,
} from "../gen/haversack/v1/fleet_service_pb.ts";
import { parseWorkerId } from "../model/ids.ts";
import { type Availability, availabilities, type WorkerInfo } from "../model/worker-info.ts";

const availabilityToWire = {
  open: WorkerAvailability.OPEN,
  cordoned: WorkerAvailability.CORDONED,
  draining: WorkerAvailability.DRAINING,
  drained: WorkerAvailability.DRAINED,
} as const satisfies Record<Availability, WorkerAvailability>;

export function workerToWire(worker: WorkerInfo): WireWorker {
  const init: MessageInitShape<typeof WorkerSchema> = {
    id: worker.id,
    name: worker.name,
    state: worker.connected ? WorkerState.CONNECTED : WorkerState.DISCONNECTED,
    version: worker.version,
    labels: Object.fromEntries(worker.labels),
    slots: worker.slots,
    slotsUsed: worker.slotsUsed,
    lastSeenAt: timestampFromMs(worker.lastSeenAt),
    availability: availabilityToWire[worker.availability],
    stopping: worker.stopping === true,
    cordonReason: worker.cordonReason ?? "",
  };
  if (worker.cordonedAt !== undefined) init.cordonedAt = timestampFromMs(worker.cordonedAt);
  if (worker.drainDeadline !== undefined) init.drainDeadline = timestampFromMs(worker.drainDeadline);
  if (worker.connectedAt !== undefined) init.connectedAt = timestampFromMs(worker.connectedAt);
  if (worker.certificateExpiresAt !== undefined)
    init.certificateExpiresAt = timestampFromMs(worker.certificateExpiresAt);
  if (worker.revokedAt !== undefined) init.revokedAt = timestampFromMs(worker.revokedAt);
  return create(WorkerSchema, init);
}

export function workerFromWire(wire: WireWorker): WorkerInfo {
  return {
    id: parseWorkerId(wire.id),
    name: wire.name,
    connected: wire.state === WorkerState.CONNECTED,
    version: wire.version,
    labels: new Map(Object.entries(wire.labels)),
    slots: wire.slots,
    slotsUsed: wire.slotsUsed,
    ...(wire.connectedAt === undefined ? {} : { connectedAt: timestampMs(wire.connectedAt) }),
    lastSeenAt: wire.lastSeenAt === undefined ? 0 : timestampMs(wire.lastSeenAt),
    ...(wire.certificateExpiresAt === undefined
      ? {}
      : { certificateExpiresAt: timestampMs(wire.certificateExpiresAt) }),
    ...(wire.revokedAt === undefined ? {} : { revokedAt: timestampMs(wire.revokedAt) }),
    // A coordinator of an earlier version knows of nothing else.
    availability: availabilities.find((each) => availabilityToWire[each] === wire.availability) ?? "open",
    ...(wire.cordonedAt === undefined ? {} : { cordonedAt: timestampMs(wire.cordonedAt) }),
    ...(wire.cordonReason === "" ? {} : { cordonReason: wire.cordonReason }),
    ...(wire.drainDeadline === undefined ? {} : { drainDeadline: timestampMs(wire.drainDeadline) }),
    ...(wire.stopping ? { stopping: true } : {}),
  };
}
