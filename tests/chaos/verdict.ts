/** What became of every run, and what still runs that should not. */

import { collectEvidence } from "./evidence.ts";
import { judgeRun } from "./judge.ts";
import type { Submitted } from "./load.ts";
import { strangers } from "./orphans.ts";
import type { Site } from "./site.ts";

export async function judgeAll(site: Site, submitted: readonly Submitted[], tag: string) {
  const client = await site.client(0);
  const evidence = await collectEvidence(client, submitted);
  // Nothing runs any more: whatever carries our name and is none of the site's own processes was left behind.
  const known = new Set([process.pid, ...site.pids()]);
  const orphans = strangers(`chaos-${tag}-`, known).length;
  return { verdicts: evidence.map(judgeRun), orphans };
}
