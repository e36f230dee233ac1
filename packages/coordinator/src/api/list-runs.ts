/** A page of runs, and the token of the next one: where it ended, and for which filter. */

import { FaultError, sortedJson } from "@haversack/base";
import { type Run, type RunFilter, runFilterFromWire, runToWire } from "@haversack/protocol";
import { digestOf } from "@haversack/snapshot";
import { z } from "zod";
import type { Store } from "../store/store.ts";
import type { RunCursor } from "../store/verbs/run-list.ts";
import { pageLimit } from "./page-size.ts";

const pageSizeDefault = 50;
const pageSizeMax = 500;

export async function listRuns(store: Store, request: Parameters<typeof runFilterFromWire>[0]) {
  const { pageSize = 0, pageToken = "", ...filter } = runFilterFromWire(request);
  const limit = pageLimit(pageSize, pageSizeDefault, pageSizeMax);
  const after = pageToken === "" ? {} : { after: readToken(pageToken, filter) };
  const { runs, next } = await store.read.runsList({ ...filter, ...after, limit });
  const nextPageToken = next === undefined ? "" : writeToken(next, filter);
  return { runs: runs.map((run: Run) => runToWire(run)), nextPageToken };
}

const tokenSchema = z.strictObject({ at: z.int(), no: z.int(), of: z.string() });

/** Enough to tell one filter from another. */
const filterCharacters = 16;
const nameOf = (filter: RunFilter): string =>
  digestOf(sortedJson({ ...filter }))
    .slice("sha256:".length)
    .slice(0, filterCharacters);

const writeToken = (cursor: RunCursor, filter: RunFilter): string =>
  Buffer.from(JSON.stringify({ ...cursor, of: nameOf(filter) })).toString("base64url");

function readToken(token: string, filter: RunFilter): RunCursor {
  const read = tokenSchema.safeParse(parsed(token));
  if (!read.success) {
    const message = "the page token is none of this coordinator; begin at the first page";
    throw new FaultError("invalid", "bad_page_token", message);
  }
  const { of, ...cursor } = read.data;
  if (of === nameOf(filter)) return cursor;
  const message =
    "the page token is that of another filter; ask with the same filter, or begin at the first page";
  throw new FaultError("invalid", "bad_page_token", message);
}

function parsed(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
