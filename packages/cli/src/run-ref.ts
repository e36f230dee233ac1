/** A run as a person names it: its id, the beginning of it, or `latest`, which is never a child run. */

import { FaultError, faultOf } from "@haversack/base";
import type { HaversackClient, RunDetail, RunId } from "@haversack/protocol";

/** Runs that are looked through for a prefix, newest first. */
const searchedCountMax = 2_000;
const pageSize = 500;
const shownCountMax = 5;
const idCharacters = /^[0-9A-Za-z_-]{1,64}$/;

export async function findRun(
  client: HaversackClient,
  name: string,
  signal: AbortSignal,
): Promise<RunDetail> {
  if (name === "latest") return client.run(await latest(client, signal), signal);
  if (!idCharacters.test(name)) {
    throw new FaultError("invalid", "bad_run", "a run is named by its id, the beginning of it, or `latest`");
  }
  try {
    return await client.run(name, signal);
  } catch (error) {
    if (faultOf(error) !== "missing") throw error;
  }
  return client.run(await byPrefix(client, name, signal), signal);
}

async function latest(client: HaversackClient, signal: AbortSignal): Promise<RunId> {
  let pageToken = "";
  do {
    // A page may have none and not be the last: it has looked at many child runs.
    const page = await client.runs({ pageSize: 1, roots: true, pageToken }, signal);
    const [run] = page.runs;
    if (run !== undefined) return run.id;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  throw new FaultError("missing", "no_runs", "there are no runs yet");
}

async function byPrefix(client: HaversackClient, prefix: string, signal: AbortSignal): Promise<RunId> {
  const found: RunId[] = [];
  let pageToken = "";
  for (let seen = 0; seen < searchedCountMax; seen += pageSize) {
    const page = await client.runs({ pageSize, pageToken }, signal);
    found.push(...page.runs.map((run) => run.id).filter((id) => id.startsWith(prefix)));
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  const [first, second] = found;
  if (first === undefined) throw new FaultError("missing", "unknown_run", `there is no run ${prefix}`);
  if (second === undefined) return first;
  const some = found.slice(0, shownCountMax).join(", ");
  throw new FaultError("invalid", "ambiguous_run", `${found.length} runs begin with ${prefix}: ${some}`);
}
