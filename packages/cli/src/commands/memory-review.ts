import type { HaversackClient, MemoryReview, MemoryScopeName } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { shortReviewIds } from "../memory/review-ids.ts";
import { scopeNamed } from "../memory/scope-name.ts";
import { flagsOf, given, usage, withConnection, withJson } from "../options.ts";
import { reviewJson } from "../print/json.ts";
import { reviewsText } from "../print/review-text.ts";
import { commandName } from "../print/run-result.ts";
import type { Shell } from "../shell.ts";
import { connect, type MemoryOptions, scopeHelp } from "./memory-options.ts";
import { type Decision, resolveReviews } from "./memory-resolve.ts";

interface ReviewOptions extends MemoryOptions {
  /** True: given without an id. */
  readonly accept?: readonly string[] | true;
  readonly dismiss?: readonly string[] | true;
  readonly all?: boolean;
}

const pageSize = 500;
const examples = `
Without --accept and --dismiss it lists what waits: who asked for what, why it waits, what accepting it would do.
An ID is given whole or by its beginning; RUN/STEP/OPERATION may be shortened in each part. Give SCOPE before the IDs.
An operation is accepted only while its entry is as it was listed. What is dismissed stays on record and has no effect.
When some are refused the others are resolved all the same; the exit code is then that of the first refusal.

Examples:
  $ haversack memory review
  $ haversack memory review --accept 01a1fd9b/report/01a1fda2 01a1fd9b/report/01a1fda3
  $ haversack memory review repo-report --dismiss --all

--json: {reviews: [{id, scope, runId, stepId, at, reason, detail, operation: {id, scope, change, untrusted}, current}]},
  without current when there is no such entry; with --accept or --dismiss:
  {resolved: [{id, scope, decision, version}], refused: [{id, scope, decision, code, message}]}`;

export function memoryReviewCommand(shell: Shell): Command {
  const command = new Command("review")
    .description("what waits for a person: look at it, accept or dismiss it")
    .argument("[scope]", `only of this one: ${scopeHelp}`)
    .option("--accept [id...]", "do what these ask for")
    .option("--dismiss [id...]", "leave memory as it is")
    .option("--all", "with --accept or --dismiss: all that wait (of the scope)");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string | undefined, options: ReviewOptions) => review(name, options, shell)));
}

async function review(name: string | undefined, options: ReviewOptions, shell: Shell): Promise<ExitCode> {
  const scope = name === undefined ? undefined : scopeNamed(name);
  const decision = decisionOf(options);
  const client = await connect(options, shell);
  const waiting = await allWaiting(client, scope, shell.outside.stopping);
  const { url, data, json = false } = options;
  const flags = flagsOf(given({ url, data }));
  if (decision !== undefined) return resolveReviews(client, { waiting, decision, flags, json }, shell);
  if (json) shell.json({ reviews: waiting.map(reviewJson) });
  else if (waiting.length === 0)
    shell.note(`nothing waits for review${scope === undefined ? "" : ` in ${scope}`}`);
  else {
    shell.out(reviewsText(waiting, shortReviewIds(waiting.map(({ id }) => id)), shell.paint));
    shell.note(`decide: ${commandName} memory review --accept ID… or --dismiss ID…${flags}`);
  }
  return exitCodes.ok;
}

function decisionOf({ accept, dismiss, all = false }: ReviewOptions): Decision | undefined {
  if (accept !== undefined && dismiss !== undefined) throw usage("either --accept or --dismiss, not both");
  const asked = accept ?? dismiss;
  if (asked === undefined) {
    if (all) throw usage("--all needs --accept or --dismiss");
    return undefined;
  }
  if (all === (asked !== true)) throw usage("--accept and --dismiss take either IDs or --all");
  const kind = accept === undefined ? "dismiss" : "accept";
  return { kind, ids: asked === true ? "all" : asked };
}

/** Oldest first. */
async function allWaiting(
  client: HaversackClient,
  scope: MemoryScopeName | undefined,
  signal: AbortSignal,
): Promise<readonly MemoryReview[]> {
  const reviews: MemoryReview[] = [];
  let pageToken = "";
  do {
    const page = await client.memoryReviews({ pageSize, pageToken, ...given({ scope }) }, signal);
    reviews.push(...page.reviews);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return reviews;
}
