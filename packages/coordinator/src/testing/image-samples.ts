/** Images, links and descriptions of base images as tests want them. */

import {
  type BaseImage,
  type ContainerEngine,
  type Digest,
  type Downward,
  type ImageState,
  type ImageStatus,
  parseBootId,
  parseDigest,
  parseWorkerId,
  type WorkerImage,
} from "@haversack/protocol";
import type { ImageLink } from "../images/fleet-images.ts";
import { helloOf } from "./fleet-samples.ts";

export const digestNamed = (digit: string): Digest => parseDigest(`sha256:${digit.repeat(64)}`);
export const baseSample = digestNamed("a");

export const engineSample: ContainerEngine = {
  kind: "docker",
  version: "20.10",
  arch: "x86_64",
  copyOnWrite: true,
  prefetch: "lazy",
  prefetchSource: "default",
};

export const descriptionSample: BaseImage = {
  stamp: "1",
  recipe: digestNamed("b"),
  arches: new Map([
    [
      "x64",
      { oci: { urls: ["file:///b"], sha256: baseSample, size: 10, unpacked: 20, imageId: digestNamed("c") } },
    ],
  ]),
};

export const statusOf = (state: ImageState, seq: number, more: Partial<ImageStatus> = {}): ImageStatus => ({
  digest: baseSample,
  ref: "base",
  state,
  attempt: 1,
  asked: [],
  seq,
  since: seq,
  ...more,
});

export const imageOf = (status: ImageStatus, more: Partial<WorkerImage> = {}): WorkerImage => ({
  workerId: parseWorkerId("w"),
  workerName: "w",
  status,
  lost: false,
  observedAt: status.seq,
  bootId: parseBootId("w-boot"),
  ...more,
});

/** A session without a network; what it is sent is kept. */
export function imageLink(id = "w", images: readonly ImageStatus[] = [], boot = `${id}-boot`) {
  const sent: Downward[] = [];
  const ended = new AbortController();
  const hello = helloOf(id, { bootId: parseBootId(boot), engine: engineSample, images });
  const link: ImageLink = {
    hello,
    send: (message) => void sent.push(message),
    ended: ended.signal,
    imagesReady: new Set(),
  };
  return { link, sent, end: () => ended.abort() };
}
