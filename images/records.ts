/** What one command leaves for the next beside the files that it made: what they are, and that they work. */

import { readFile, writeFile } from "node:fs/promises";
import { systemCodeOf } from "@haversack/base";
import type { Arch } from "./arch.ts";

export interface FileRecord {
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly size: number;
}

export interface BuildRecord {
  readonly arch: Arch;
  readonly stamp: string;
  /** `sha256:…` */
  readonly recipe: string;
  readonly oci: FileRecord & {
    readonly imageId: string;
    readonly manifestDigest: string;
    readonly unpacked: number;
  };
  readonly lxd: FileRecord & { readonly unpacked: number };
  readonly sbom: FileRecord;
  /** Those that a smoke test starts. */
  readonly images: readonly FileRecord[];
  /** All of this architecture. */
  readonly files: readonly FileRecord[];
  /** The recipe and the agent runtime: the same for each architecture. */
  readonly shared: readonly FileRecord[];
}

export interface SmokeRecord {
  readonly arch: Arch;
  readonly stamp: string;
  readonly passed: readonly { readonly engine: string; readonly name: string; readonly sha256: string }[];
}

export const baseName = (stamp: string, arch: Arch): string => `base-${stamp}-${arch}`;
/** A plain Debian of the same packages; never published. */
export const bareName = (stamp: string, arch: Arch): string => `${baseName(stamp, arch)}.bare.tar`;
export const recordName = (stamp: string, arch: Arch): string => `${baseName(stamp, arch)}.build.json`;
export const smokeName = (stamp: string, arch: Arch): string => `${baseName(stamp, arch)}.smoke.json`;

/** Undefined: there is none. */
export async function readRecord<Value>(file: string): Promise<Value | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Value;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

export const writeRecord = (file: string, value: object): Promise<void> =>
  writeFile(file, `${JSON.stringify(value, undefined, 2)}\n`);
