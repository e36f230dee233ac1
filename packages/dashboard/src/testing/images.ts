/** Images, workers and engines for tests: as little as there can be. */

import {
  type ContainerEngine,
  type ImageStatus,
  parseBootId,
  parseDigest,
  parseWorkerId,
  type WorkerImage,
  type WorkerInfo,
} from "@haversack/protocol";

export const workerId = parseWorkerId("w-1");
export const digest = parseDigest(`sha256:${"ab".repeat(32)}`);
export const otherDigest = parseDigest(`sha256:${"cd".repeat(32)}`);

export const engine: ContainerEngine = {
  kind: "docker",
  version: "20.10",
  arch: "amd64",
  copyOnWrite: true,
  prefetch: "lazy",
  prefetchSource: "default",
};

interface Asked extends Partial<ImageStatus> {
  readonly boot?: number;
  readonly lost?: boolean;
  readonly observedAt?: number;
}

export function someImage({ boot = 1, lost = false, observedAt = 1000, ...status }: Asked = {}): WorkerImage {
  const plain = {
    digest,
    ref: "base",
    state: "downloading",
    attempt: 1,
    asked: [],
    seq: 1,
    since: 1,
  } as const;
  return {
    workerId,
    workerName: "one",
    status: { ...plain, ...status },
    lost,
    observedAt,
    bootId: parseBootId(`boot-${boot}`),
  };
}

export const someWorker = (more: Partial<WorkerInfo> = {}): WorkerInfo => ({
  id: workerId,
  name: "one",
  connected: true,
  version: "1",
  labels: new Map(),
  slots: 1,
  slotsUsed: 0,
  lastSeenAt: 1,
  availability: "open",
  ...more,
});
