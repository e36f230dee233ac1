/** What a worker with a Docker of its own says of it, where no Docker runs. */

import type { ContainerEngine } from "@haversack/protocol";

export const dockerInfo: ContainerEngine = {
  kind: "docker",
  version: "20.10.24",
  arch: "amd64",
  copyOnWrite: true,
  prefetch: "lazy",
  prefetchSource: "default",
};
