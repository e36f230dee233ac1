/** In what Docker and Podman differ, though they speak one interface. Data, so that the verbs have one body. */

import type Dockerode from "dockerode";
import type { RuntimeInfo } from "../runtime.ts";

export interface Dialect {
  readonly kind: "docker" | "podman";
  readonly pullProgress: RuntimeInfo["pullProgress"];
  /** Podman 4 says `false` of what was killed for its memory. */
  readonly saysOom: boolean;
  /** Podman lists what was dropped of its own defaults; what is left only its own interface says. */
  readonly saysCapabilities: boolean;
  /** Podman copies the image's folder into a memory file system, and its mode with it, unless it is told not to. */
  readonly tmpfsOptions: string;
  readonly log: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  /** Where it writes while it loads an image, whatever is configured. */
  readonly temporaryFolder?: string;
  readonly spaceToImport: RuntimeInfo["spaceToImport"];
}

const tmpfsOptions = "rw,exec,nosuid,nodev,mode=1777";

/** At most 30 MB a container. */
const docker: Dialect = {
  kind: "docker",
  pullProgress: "bytes",
  saysOom: true,
  saysCapabilities: true,
  tmpfsOptions,
  log: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
  spaceToImport: (size, unpacked) => ({ store: size + unpacked, temporary: 0 }),
};

const podman: Dialect = {
  kind: "podman",
  pullProgress: "layers",
  saysOom: true,
  saysCapabilities: false,
  tmpfsOptions: `${tmpfsOptions},notmpcopyup`,
  log: { Type: "k8s-file", Config: { "max-size": "10m" } },
  temporaryFolder: "/var/tmp",
  // Its temporary folder holds the file as it came, and its layers once more, before the store has them.
  spaceToImport: (size, unpacked) => ({ store: size + unpacked, temporary: 3 * size }),
};

export function dialectOf({ Version, Components }: Partial<Dockerode.DockerVersion>): Dialect {
  const isPodman = Components?.some(({ Name }) => /podman/i.test(Name)) === true;
  if (!isPodman) return docker;
  return Number.parseInt(Version ?? "", 10) < 5 ? { ...podman, saysOom: false } : podman;
}

const arches: Readonly<Record<string, string>> = {
  amd64: "x64",
  x86_64: "x64",
  "x86-64": "x64",
  arm64: "arm64",
  aarch64: "arm64",
};

/** One that has no name of ours keeps its own. */
export const archOf = (word: string): string => arches[word.toLowerCase()] ?? word;
