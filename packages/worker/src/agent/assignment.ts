/**
 * What the worker and the child process that runs an agent step say to each other: one JSON value a line. The worker
 * writes to the child's stdin, the child to its descriptor 3; stdout and stderr stay for text. The end of stdin means
 * that the worker is gone, and the child with it.
 */

import { parseDigest } from "@haversack/protocol";
import { z } from "zod";

const secretReference = z.union([
  z.strictObject({ env: z.string() }),
  z.strictObject({ file: z.string() }),
  z.strictObject({ secret: z.string() }),
]);

/** Names a secret value; the value itself is never in a snapshot. */
export type SecretReference = z.infer<typeof secretReference>;

const secretsMax = 64;
const modelCharactersMax = 1000;

const assignment = z.object({
  kind: z.literal("assignment"),
  /** The snapshot, as it was fetched. */
  packFile: z.string(),
  snapshot: z.object({
    formatVersion: z.number(),
    digest: z.string(),
    compressedSize: z.number(),
    uncompressedSize: z.number(),
  }),
  /** What the operator of the worker set; the other limits are the defaults. */
  snapshotLimits: z.object({ compressedBytesMax: z.number(), uncompressedBytesMax: z.number() }),
  dagName: z.string(),
  prompt: z.string(),
  outputSchema: z.record(z.string(), z.json()).optional(),
  workFolder: z.string(),
  /** The child's own; skills are written below it. */
  controlFolder: z.string(),
  /** The whole environment of a tool's process. */
  toolEnv: z.record(z.string(), z.string()),
  /** Those of it whose values are secret. */
  secretVariables: z.array(z.string()),
});

const downward = z.discriminatedUnion("kind", [
  assignment,
  /** The answer to `need`, in its order; null: not to be had on this worker. */
  z.object({ kind: z.literal("secrets"), values: z.array(z.string().nullable()) }),
]);

const failure = z.object({ code: z.string(), message: z.string() });
const usage = z.object({
  turns: z.number(),
  toolCalls: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
});

const base = z.string().transform(parseDigest);
/** The amounts are checked by the worker, which can say what was too much. */
const memoryOperation = z.strictObject({
  id: z.string(),
  scope: z.enum(["global", "dag"]),
  change: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("add"), text: z.string() }),
    z.strictObject({ kind: z.literal("update"), entry: z.string(), base, text: z.string() }),
    z.strictObject({ kind: z.literal("remove"), entry: z.string(), base }),
  ]),
  untrusted: z.boolean(),
});

const upward = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("note"), text: z.string() }),
  z.object({
    kind: z.literal("turn"),
    model: z.string().max(modelCharactersMax),
    inputTokens: z.number(),
    outputTokens: z.number(),
    /** Milliseconds since 1970. */
    startedAt: z.number(),
    endedAt: z.number(),
  }),
  z.object({ kind: z.literal("need"), secrets: z.array(secretReference).max(secretsMax) }),
  z.object({
    kind: z.literal("succeeded"),
    outputs: z.record(z.string(), z.json()),
    usage,
    memory: z.array(memoryOperation).optional(),
  }),
  z.object({ kind: z.literal("failed"), failure, usage: usage.optional() }),
]);

export type Assignment = z.infer<typeof assignment>;
/** Worker to child. */
export type Downward = z.infer<typeof downward>;
/** Child to worker. */
export type Upward = z.infer<typeof upward>;

export const formatLine = (message: Downward | Upward): string => `${JSON.stringify(message)}\n`;

/** Throws when the line is no message. */
export const parseDownward = (line: string): Downward => downward.parse(JSON.parse(line));
/** Throws when the line is no message. */
export const parseUpward = (line: string): Upward => upward.parse(JSON.parse(line));
