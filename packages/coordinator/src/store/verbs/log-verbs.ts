/** Log chunks: no gap, no repetition, in order (G1). */

import { type LogAck, type LogChunk, type LogPiece, parseStepId, type RunId } from "@haversack/protocol";
import { bytes, integer, text } from "../rows.ts";
import {
  logAdvance,
  logChunksErase,
  logInsert,
  logNextOffset,
  logRead,
  logStreamsErase,
} from "../statements/log.ts";
import type { VerbContext } from "../verb.ts";

/** Keeps what is new of each chunk; answers how far each stream is on disk. A gap is not bridged: it is asked for. */
export async function logsAppend(
  context: VerbContext,
  { chunks }: { chunks: readonly LogChunk[] },
): Promise<LogAck[]> {
  const acks: LogAck[] = [];
  for (const chunk of chunks) acks.push(await append(context, chunk));
  return acks;
}

async function append({ tx, touched }: VerbContext, chunk: LogChunk): Promise<LogAck> {
  const { ref, stream } = chunk;
  const key = [ref.runId, ref.stepId, ref.attempt, stream] as const;
  const row = await tx.one(logNextOffset, ...key);
  const next = row === undefined ? 0 : integer(row, "next_offset");
  const known = next - chunk.offset;
  const end = chunk.offset + chunk.data.length;
  if (known < 0 || end <= next) return { ref, stream, nextOffset: next };
  await tx.run(logInsert, ...key, next, chunk.data.subarray(known));
  await tx.run(logAdvance, ...key, end);
  touched.runs.add(ref.runId);
  return { ref, stream, nextOffset: end };
}

export interface LogQuery {
  readonly runId: RunId;
  /** Empty: every step. */
  readonly stepId: string;
  readonly after: number;
  readonly limit: number;
}

export async function logsRead({ tx }: VerbContext, query: LogQuery): Promise<LogPiece[]> {
  const rows = await tx.all(logRead, query.runId, query.stepId, query.after, query.limit);
  return rows.map((row) => ({
    position: integer(row, "position"),
    stepId: parseStepId(text(row, "step_id")),
    attempt: integer(row, "attempt"),
    stream: text(row, "stream") as LogPiece["stream"],
    offset: integer(row, "start_offset"),
    data: bytes(row, "data"),
  }));
}

/** Deletes logs of these runs, at most so many chunks. @returns how many; fewer than the limit: nothing is left */
export async function logsErase({ tx }: VerbContext, query: { runIds: readonly RunId[]; limit: number }) {
  let chunks = 0;
  for (const runId of query.runIds) {
    chunks += await tx.run(logChunksErase, runId, query.limit - chunks);
    if (chunks >= query.limit) return chunks;
    await tx.run(logStreamsErase, runId);
  }
  return chunks;
}
