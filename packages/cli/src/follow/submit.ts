import type { HaversackClient, RunDetail, Submission } from "@haversack/protocol";
import type { Outside } from "../outside.ts";
import { retried } from "./link.ts";

const patienceMs = 5_000;

/** As spans name it. */
export const submitCall = "haversack.v1.RunService/Submit";

/** Submits, again and again under the same key while the coordinator is away: the key makes that one run. */
export function submit(
  client: HaversackClient,
  submission: Submission,
  note: (text: string) => void,
  { clock, random, stopping }: Outside,
): Promise<{ run: RunDetail; existed: boolean }> {
  const onBroken = (why: string): void => note(`the coordinator does not answer, trying again (${why})`);
  const link = { clock, random, onBroken, patienceMs };
  return retried(() => client.submit(submission, stopping), link, stopping);
}
