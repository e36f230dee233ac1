/** The two architectures, and what everybody else calls them. */

import { FaultError } from "@haversack/base";

export const arches = ["arm64", "x64"] as const;
export type Arch = (typeof arches)[number];

export const names = {
  x64: { debian: "amd64", oci: "amd64", machine: "x86_64", elf: "x86-64" },
  arm64: { debian: "arm64", oci: "arm64", machine: "aarch64", elf: "aarch64" },
} as const satisfies Record<Arch, object>;

/** @param text `host` means the machine that this runs on. */
export function parseArch(text: string): Arch {
  const wanted = text === "host" ? process.arch : text;
  const found = arches.find((arch) => arch === wanted);
  if (found !== undefined) return found;
  throw new FaultError(
    "invalid",
    "unknown_arch",
    `there is no base image for the architecture "${wanted}"; there is one for ${arches.join(", ")}`,
  );
}
