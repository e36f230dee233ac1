/** Images as the coordinator shows them, with the worker that has them: protobuf ⇄ nouns. */

import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  type ImageServiceWatchResponse,
  ImageServiceWatchResponseSchema,
  type WorkerImage as WireWorkerImage,
  WorkerImageSchema,
} from "../gen/haversack/v1/image_service_pb.ts";
import { parseBootId, parseWorkerId } from "../model/ids.ts";
import type { ImageEvent, WorkerImage } from "../model/image-order.ts";
import { required } from "./fields.ts";
import { imageStatusFromWire, imageStatusToWire } from "./image-wire.ts";

export function workerImageToWire(image: WorkerImage): WireWorkerImage {
  const { status, observedAt, ...rest } = image;
  return create(WorkerImageSchema, {
    ...rest,
    status: imageStatusToWire(status),
    observedAt: timestampFromMs(observedAt),
  });
}

export const workerImageFromWire = (wire: WireWorkerImage): WorkerImage => ({
  workerId: parseWorkerId(wire.workerId),
  workerName: wire.workerName,
  status: imageStatusFromWire(required(wire.status, "image.status")),
  lost: wire.lost,
  observedAt: timestampMs(required(wire.observedAt, "image.observed_at")),
  bootId: parseBootId(wire.bootId),
});

export const imageEventToWire = ({ kind, image }: ImageEvent): ImageServiceWatchResponse =>
  create(ImageServiceWatchResponseSchema, { event: { case: kind, value: workerImageToWire(image) } });

/** Undefined: an event of a later version, to be passed over. */
export function imageEventFromWire({ event }: ImageServiceWatchResponse): ImageEvent | undefined {
  return event.case === undefined ? undefined : { kind: event.case, image: workerImageFromWire(event.value) };
}
