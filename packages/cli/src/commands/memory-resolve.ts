/** The decisions of a person about what waits for review, one after the other. */

import { FaultError, faultOf, messageOf } from "@haversack/base";
import type { HaversackClient, MemoryReview, ReviewResolution } from "@haversack/protocol";
import { type ExitCode, exitCodeOf, exitCodes } from "../exit-codes.ts";
import { idsNamed, shortReviewIds } from "../memory/review-ids.ts";
import { given, usage } from "../options.ts";
import { printable, printableLines } from "../print/printable.ts";
import { reviewSummary } from "../print/review-text.ts";
import { commandName } from "../print/run-result.ts";
import type { Shell } from "../shell.ts";

export interface Decision {
  readonly kind: ReviewResolution["decision"];
  /** As a person names them. */
  readonly ids: readonly string[] | "all";
}

export interface Asked {
  readonly waiting: readonly MemoryReview[];
  readonly decision: Decision;
  /** Such as ` --data elsewhere`. */
  readonly flags: string;
  readonly json: boolean;
}

const shownCountMax = 5;
/** These concern one review and not the ones after it. */
const refusals: ReadonlySet<string> = new Set(["invalid", "missing", "conflict"]);

/** Changes nothing when an id is unknown or ambiguous; what is refused does not keep the others from being resolved. */
export async function resolveReviews(client: HaversackClient, asked: Asked, shell: Shell): Promise<ExitCode> {
  const { waiting, decision, flags, json } = asked;
  const short = shortReviewIds(waiting.map(({ id }) => id));
  const resolved: object[] = [];
  const refused: object[] = [];
  let exitCode: ExitCode = exitCodes.ok;
  const chosen = choose(waiting, decision.ids, short);
  if (chosen.length === 0 && !json) shell.note("nothing waits for review");
  try {
    for (const review of chosen) {
      const { id, scope } = review;
      const head = { id, scope, decision: decision.kind };
      const answer = await resolve(client, review, decision.kind, shell.outside.stopping);
      if (typeof answer === "number") {
        resolved.push({ ...head, version: answer });
        if (!json) shell.out(doneLine(review, short.get(id) ?? id, { kind: decision.kind, version: answer }));
        continue;
      }
      const message = refusalMessage(answer, `${commandName} memory review ${scope}${flags}`);
      refused.push({ ...head, code: answer.code, message });
      if (!json) tellRefusal(short.get(id) ?? id, message, shell);
      if (exitCode === exitCodes.ok) exitCode = exitCodeOf(answer);
    }
  } finally {
    // Also when the coordinator went away in the middle: what is resolved is resolved.
    if (json) shell.json({ resolved, refused });
  }
  return exitCode;
}

/** The version of the scope, or why this one was refused. Rejects when the next one would fare no better. */
async function resolve(
  client: HaversackClient,
  { id, current }: MemoryReview,
  decision: Decision["kind"],
  signal: AbortSignal,
): Promise<number | FaultError> {
  try {
    return await client.resolveReview({ id, decision, ...given({ current }) }, signal);
  } catch (error) {
    if (error instanceof FaultError && refusals.has(faultOf(error))) return error;
    throw error;
  }
}

function choose(
  waiting: readonly MemoryReview[],
  names: Decision["ids"],
  short: ReadonlyMap<string, string>,
): readonly MemoryReview[] {
  if (names === "all") return waiting;
  const ids = waiting.map(({ id }) => id);
  const chosen = new Set(names.map((name) => idNamed(ids, name, short)));
  return waiting.filter(({ id }) => chosen.has(id));
}

function idNamed(ids: readonly string[], name: string, short: ReadonlyMap<string, string>): string {
  const found = idsNamed(ids, name);
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  const shown = printable(JSON.stringify(name));
  if (first === undefined) {
    const message = `nothing waits for review under ${shown}; \`haversack memory review\` lists what does`;
    throw new FaultError("missing", "unknown_review", message);
  }
  const some = found.slice(0, shownCountMax).map((id) => short.get(id) ?? id);
  throw usage(
    `${found.length} reviews begin with ${shown}: ${some.join(", ")}${found.length > some.length ? ", …" : ""}`,
  );
}

function refusalMessage(error: FaultError, listing: string): string {
  // Somebody else decided: there is nothing left to look at.
  if (error.fault !== "conflict" || error.code === "resolved_before") return messageOf(error);
  return `changed meanwhile; look again with \`${listing}\``;
}

function doneLine(
  review: MemoryReview,
  id: string,
  { kind, version }: { readonly kind: Decision["kind"]; readonly version: number },
): string {
  const done = kind === "accept" ? `accepted (${review.scope} is at version ${version})` : "dismissed";
  return `${printable(id)} ${done}: ${reviewSummary(review)}\n`;
}

function tellRefusal(id: string, message: string, { outside, paint }: Shell): void {
  outside.terminal.err(`${paint.bad(printable(id))} refused: ${printableLines(message, 2)}\n`);
}
