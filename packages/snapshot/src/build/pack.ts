/** A finished pack. The bytes are the pack's own: whoever passes them on may change neither them nor it. */

export interface Pack {
  readonly formatVersion: number;
  /** 32 raw bytes: SHA-256 of the uncompressed content. */
  readonly digest: Uint8Array;
  /** A fresh copy for each reader. */
  readonly gzip: Uint8Array;
  /** Bytes. */
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly report: PackReport;
}

/** What is in a pack, without its contents. */
export interface PackReport {
  readonly requires: readonly string[];
  /** `env:NAME`, `file:path`, `secret:name`. */
  readonly secrets: readonly string[];
  readonly parts: readonly PackPart[];
}

export interface PackPart {
  readonly section: "config" | "models" | "skills" | "souls" | "memory";
  readonly id: string;
  /** Bytes of canonical JSON. */
  readonly size: number;
  /** Of the canonical JSON of the part: `sha256:<hex>`. */
  readonly digest: string;
  /** Paths of a skill's files or of a scope's topics. */
  readonly files: readonly string[];
  /** Which rule brought it in; empty where only the pack is known. */
  readonly why: string;
}
