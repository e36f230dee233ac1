import type { HaversackClient, RunDetail, Submission } from "@haversack/protocol";
import type { Shell } from "../shell.ts";
import { retried } from "./link.ts";

/** Submits, again and again under the same key while the coordinator is away: the key makes that one run. */
export function submit(
  client: HaversackClient,
  submission: Submission,
  shell: Shell,
): Promise<{ run: RunDetail; existed: boolean }> {
  const { clock, random, stopping } = shell.outside;
  const onBroken = (why: string): void =>
    shell.note(`the coordinator does not answer, trying again (${why})`);
  const link = { clock, random, onBroken, patienceMs: 5_000 };
  return retried(() => client.submit(submission, stopping), link, stopping);
}
