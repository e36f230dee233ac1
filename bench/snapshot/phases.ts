/** The phases of a snapshot's life, and `node:zlib` beside them; each reads its input first, which is not measured. */

import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { canonicalJson, guardSnapshot, openSnapshot, writeSkills } from "@haversack/snapshot";
import { gzip } from "../../packages/snapshot/src/format/gzip.ts";
import type { Measured } from "../measure.ts";
import { buildOne, readContent, readPack, readPlans } from "./specimen.ts";

/** Reads what it needs from the folder of a specimen and answers the part that is measured. */
type Phase = (folder: string) => Promise<Measured>;

export const phases = {
  /** Plan to pack: scan for keys, check, encode, compress, read back through the guard, compare. */
  build: async (folder) => {
    const plans = await readPlans(folder);
    return () => buildOne(plans);
  },
  /** Canonical JSON and gzip: what `build` does without its checks. */
  encode: async (folder) => {
    const content: unknown = JSON.parse((await readContent(folder)).toString("utf8"));
    return () => gzip(new TextEncoder().encode(canonicalJson(content)));
  },
  /** Bytes to content that is intact, valid and frozen. */
  guard_decode: async (folder) => {
    const { gzip, expected } = await readPack(folder);
    return () => guardSnapshot(gzip, expected);
  },
  /** Bytes to open stores, and the skills' files on the disk. */
  hydrate: async (folder) => {
    const { gzip, expected } = await readPack(folder);
    return (round) =>
      writeSkills(openSnapshot(gzip, expected), join(folder, `skills-${process.pid}-${round}`));
  },
  /** The same bytes as `encode`, at the same level. */
  zlib_gzip: async (folder) => {
    const content = await readContent(folder);
    return () => gzipSync(content, { level: 6 });
  },
  /** The same bytes as `guard_decode`. */
  zlib_gunzip: async (folder) => {
    const { gzip } = await readPack(folder);
    return () => gunzipSync(gzip);
  },
} as const satisfies Record<string, Phase>;

export type PhaseName = keyof typeof phases;

export const phaseNames = Object.keys(phases) as PhaseName[];
