/** What a run of chaos stands on: a folder, a store, a model that is a script, a way to end database connections. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { placesFor } from "../../bench/dispatch/store-places.ts";
import { startRehearsal } from "../../packages/cli/src/rehearsal/rehearsal.ts";
import { type DatabaseCutter, databaseCutter, named } from "./database-cutter.ts";
import { type Namespace, openNamespace } from "./namespace.ts";

export interface Ground {
  readonly folder: string;
  /** Environment of coordinators and workers. */
  readonly env: Readonly<Record<string, string>>;
  readonly database: DatabaseCutter;
  /** Absent where there are none. */
  readonly namespace?: Namespace;
}

/** @param use what it resolves with is given back; the folder stays when `isKept` says so, or when it rejects */
export async function onGround<T>(
  { store, hasNamespace }: { readonly store: string; readonly hasNamespace: boolean },
  use: (ground: Ground) => Promise<T>,
  isKept: (result: T) => boolean,
  tell: (line: string) => void,
): Promise<T> {
  const newPlace = placesFor(store);
  const folder = await mkdtemp(join(tmpdir(), "haversack-chaos-"));
  let keeps = true;
  try {
    await using place = await newPlace(folder);
    await using model = await rehearsal();
    const storeUrl = named(place.env["HAVERSACK_STORE"] ?? "");
    await using database = await databaseCutter(storeUrl);
    await using namespace = hasNamespace ? await openNamespace() : undefined;
    const env = { ...place.env, HAVERSACK_STORE: storeUrl, HAVERSACK_REHEARSAL_URL: model.url };
    const result = await use({ folder, env, database, ...(namespace && { namespace }) });
    keeps = isKept(result);
    return result;
  } finally {
    if (keeps) tell(`kept: ${folder}`);
    else await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function rehearsal(): Promise<AsyncDisposable & { readonly url: string }> {
  const model = await startRehearsal();
  return { url: model.url, [Symbol.asyncDispose]: () => model.stop() };
}
