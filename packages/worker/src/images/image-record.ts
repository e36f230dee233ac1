/** What a worker keeps of one image, by digest: enough to go on after it was killed without asking anybody. */

import { type Digest, type ImageStatus, imageStates, parseDigest } from "@haversack/protocol";
import { z } from "zod";
import type { WantedImage } from "./images.ts";
import { noTries, type Tries } from "./schedule.ts";

/** An image, as long as anything is known of it. Replaced, never changed. */
export interface ImageRecord {
  readonly image: WantedImage;
  readonly status: ImageStatus;
  readonly tries: Tries;
  /** Until then a deploy that asks does not begin it again; milliseconds since 1970. */
  readonly pausedUntil?: number;
  /** Which of the addresses is asked first. */
  readonly source: number;
  /** We brought it to the engine, so we may remove it. */
  readonly ours: boolean;
  /** It is no good: it is removed before it is fetched again. */
  readonly retired: boolean;
  /** When a deploy used it last; milliseconds since 1970. */
  readonly usedAt: number;
}

const digest = z.string().transform((text): Digest => parseDigest(text));
const count = z.number().int().nonnegative();

const fileSchema = z.object({
  urls: z.array(z.string()),
  sha256: digest,
  size: count,
  unpacked: count,
  imageId: z.string().exactOptional(),
  manifestDigest: z.string().exactOptional(),
});

const imageSchema = z.object({
  digest,
  ref: z.string(),
  stamp: z.string(),
  identity: z.object({
    id: z.string(),
    otherId: z.string().exactOptional(),
    arch: z.string(),
    stamp: z.string().exactOptional(),
  }),
  file: fileSchema.exactOptional(),
});

const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  retryAt: z.number().exactOptional(),
});

const statusSchema = z.object({
  digest,
  ref: z.string(),
  stamp: z.string().exactOptional(),
  arch: z.enum(["x64", "arm64"]).exactOptional(),
  state: z.enum(imageStates),
  why: z.string().exactOptional(),
  attempt: count,
  method: z.enum(["import", "pull"]).exactOptional(),
  cause: z.enum(["deploy", "operator", "eager"]).exactOptional(),
  asked: z.array(z.string()),
  failure: failureSchema.exactOptional(),
  cancelledBy: z.string().exactOptional(),
  seq: count,
  since: z.number(),
});

const recordSchema = z.object({
  image: imageSchema,
  status: statusSchema,
  tries: z.object({ transient: count, doubtful: count }),
  pausedUntil: z.number().exactOptional(),
  source: count,
  ours: z.boolean(),
  retired: z.boolean(),
  usedAt: z.number(),
});

/** Progress is not kept: how many bytes there are, the file says. */
export function encodeRecord(record: ImageRecord): string {
  const { progress: _, ...status } = record.status;
  return JSON.stringify({ ...record, status });
}

/** Undefined: it was not written by us, or by a version that is not understood. */
export function decodeRecord(text: string): ImageRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Nothing is known yet of whether it is there. */
export function newRecord(image: WantedImage, status: Partial<ImageStatus>, now: number): ImageRecord {
  const { digest, ref, stamp } = image;
  const { arch } = image.identity;
  return {
    image,
    status: {
      digest,
      ref,
      ...(stamp === "" ? {} : { stamp }),
      ...(arch === "x64" || arch === "arm64" ? { arch } : {}),
      state: "unknown",
      attempt: 0,
      asked: [],
      seq: 0,
      since: now,
      ...status,
    },
    tries: noTries,
    source: 0,
    ours: false,
    retired: false,
    usedAt: now,
  };
}
