/** What the packs of `vectors/v1/packs` are made of: what a task claims about each, and members made by hand. */

import { crc32 } from "node:zlib";
import { deflateSync, gzipSync } from "fflate";
import { addMemory, buildPin } from "../build/builder.ts";
import type { SnapshotErrorCode } from "../errors.ts";
import { canonicalJson } from "../format/canonical-json.ts";
import { digestOf } from "../format/digest.ts";
import { inspectPack } from "../inspect.ts";
import type { StepPlan } from "../plan/plannable.ts";
import { sampleConfig, sampleModels, samplePlan } from "./sample.ts";

export interface VectorPack {
  readonly name: string;
  /** What a reader must say: `valid`, or the code of the refusal. */
  readonly outcome: "valid" | SnapshotErrorCode;
  /** What is special about it. */
  readonly why: string;
  readonly claims: Claims;
  readonly bytes: Uint8Array;
}

/** What a task says about the pack. */
export interface Claims {
  readonly formatVersion: number;
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
}

/** The pack around these bytes, with claims that fit: what is wrong is inside. */
export function around(content: Uint8Array, bytes: Uint8Array, lies: Partial<Claims> = {}) {
  const size = bytes.length < 4 ? 0 : Buffer.from(bytes).readUInt32LE(bytes.length - 4);
  const claims: Claims = {
    formatVersion: 1,
    digest: digestOf(content),
    compressedSize: bytes.length,
    uncompressedSize: size,
    ...lies,
  };
  return { claims, bytes };
}

/** A pack of this content, whatever it is. */
export function packed(content: string | Uint8Array) {
  const raw = typeof content === "string" ? Buffer.from(content) : content;
  return around(raw, compressed(raw));
}

const compressed = (raw: Uint8Array): Uint8Array => gzipSync(raw, { mtime: 0, level: 6 });

interface Member {
  readonly header?: Uint8Array;
  readonly crc?: number;
  readonly size?: number;
  /** Between the compressed data and the trailer. */
  readonly smuggled?: Uint8Array;
}

const plainHeader = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);

/** A gzip member by hand; what is not given is honest. */
export function member(raw: Uint8Array, { header, crc, size, smuggled }: Member = {}): Uint8Array {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc ?? crc32(raw), 0);
  trailer.writeUInt32LE(size ?? raw.length, 4);
  const data = deflateSync(raw, { level: 6 });
  return Buffer.concat([header ?? plainHeader, data, smuggled ?? new Uint8Array(0), trailer]);
}

/** The canonical content of a plan, with the memory that its config reads. */
export function contentOf(plan: StepPlan, remembered = false): Uint8Array {
  const pin = buildPin(plan);
  const memory = { global: { text: "- a fact\n", topics: [] }, dag: { text: "", topics: [] } };
  const pack = remembered ? addMemory(pin.gzip, memory) : pin;
  return new TextEncoder().encode(canonicalJson(inspectPack(pack.gzip).content));
}

/** The smallest pack: one model and nothing else. */
export const smallPlan: StepPlan = {
  ...samplePlan,
  config: {
    ...sampleConfig,
    profile: null,
    instructions: "",
    modelChain: ["local"],
    soul: null,
    skills: [],
    tools: [],
    mcpServers: [],
    effects: {},
    permissions: { deny: [], ask: [], allow: [], default: "deny" },
    memory: { read: [], write: { dag: "none", global: "none" }, dag: null },
  },
  models: sampleModels.filter(({ id }) => id === "local"),
  skills: [],
  souls: [],
};
