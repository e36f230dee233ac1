import {
  type HaversackClient,
  type Run,
  type RunFilter,
  type RunStatus,
  triggerKinds,
} from "@haversack/protocol";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { collectPair, given, wholeNumber, withConnection, withJson } from "../options.ts";
import { runJson } from "../print/json.ts";
import { elapsed, moment } from "../print/moment.ts";
import type { Paint } from "../print/paint.ts";
import { clip, printable, printableInOne } from "../print/printable.ts";
import { indented, runTree } from "../print/run-tree.ts";
import { table } from "../print/table.ts";
import type { Shell } from "../shell.ts";
import { momentBefore, type Since, sinceOf } from "./moment-options.ts";

interface RunsOptions {
  readonly limit: number;
  readonly status?: RunStatus;
  readonly dag?: string;
  readonly label?: ReadonlyMap<string, string>;
  readonly since?: Since;
  readonly until?: Since;
  readonly retryOf?: string;
  readonly trigger?: RunFilter["trigger"];
  readonly roots?: true;
  readonly page?: string;
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const statuses = ["queued", "running", "succeeded", "failed", "cancelled"] as const satisfies RunStatus[];
const limitDefault = 20;
const limitMax = 10_000;
const pageSizeMax = 500;
const remarkColumnsMax = 80;
const examples = `
Examples:
  $ haversack runs
  $ haversack runs --status failed --since 7d --limit 100
  $ haversack runs --label team=data --trigger schedule --since 2026-01-01 --until 2026-02-01
  $ haversack runs --json --page "$(jq -r .next page1.json)"       the page after; it skips and doubles nothing
  $ haversack runs --json | jq -r '.runs[] | select(.dagName == "repo-report") | .id'

--since and --until are when it was submitted: a duration before now, or a moment (UTC unless it ends with an offset).
--json: {runs: [{id, dagName, dagDigest, status, failure, params, labels, createdAt, startedAt, endedAt,
  cancelRequested, retryOf, trigger: {kind, schedule, due}, parent: {runId, stepId, depth}, paused: {at, reason}, dueAt}], next};
  \`next\` is there when there are more runs.
BY is what started it: manual, schedule, backfill, retry or child (a step of the run above it).`;

export function runsCommand(shell: Shell): Command {
  const command = new Command("runs")
    .description("list runs, newest first")
    .addOption(
      new Option("-n, --limit <n>", "at most this many")
        .default(limitDefault)
        .argParser(wholeNumber(1, limitMax)),
    )
    .addOption(new Option("--status <status>", "only these").choices(statuses))
    .option("--dag <name>", "only runs of this DAG")
    .option("-l, --label <name=value>", "only runs with this label; with several, all of them", collectPair)
    .option("--since <when>", "only runs submitted then or later", sinceOf)
    .option("--until <when>", "only runs submitted before", sinceOf)
    .option("--retry-of <run>", "only retries of this run, by its id")
    .addOption(new Option("--trigger <kind>", "only runs that this started").choices(triggerKinds))
    .option("--roots", "only runs that no other run started")
    .option("--page <token>", "goes on after a page, with the same filter");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((options: RunsOptions) => runs(options, shell)));
}

async function runs(options: RunsOptions, shell: Shell): Promise<ExitCode> {
  const { outside, paint } = shell;
  const { url, token, data } = options;
  const client = await shell.connect(given({ url, token, data }));
  const { list, next } = await newest(
    client,
    options,
    filterOf(options, outside.clock.now()),
    outside.stopping,
  );
  if (options.json === true) shell.json({ runs: list.map(runJson), ...given({ next }) });
  else if (list.length === 0) shell.note("there are no runs (that match)");
  else shell.out(runTable(list, outside.clock.now(), paint));
  if (next !== undefined && options.json !== true) shell.note(`there are more: --page ${next}`);
  return exitCodes.ok;
}

function filterOf(options: RunsOptions, now: number): Omit<RunFilter, "pageSize" | "pageToken"> {
  const { status, dag: dagName, label, since, until, retryOf, trigger, roots } = options;
  return given<ReturnType<typeof filterOf>>({
    status,
    dagName,
    retryOf,
    trigger,
    roots,
    labels: label === undefined ? undefined : Object.fromEntries(label),
    since: since === undefined ? undefined : momentBefore(since, now),
    until: until === undefined ? undefined : momentBefore(until, now),
  });
}

async function newest(
  client: HaversackClient,
  { limit, page: first = "" }: RunsOptions,
  filter: RunFilter,
  signal: AbortSignal,
): Promise<{ list: readonly Run[]; next?: string }> {
  const list: Run[] = [];
  let pageToken = first;
  do {
    const pageSize = Math.min(pageSizeMax, limit - list.length);
    const page = await client.runs({ ...filter, pageSize, pageToken }, signal);
    list.push(...page.runs);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && list.length < limit);
  return pageToken === "" ? { list } : { list, next: pageToken };
}

function runTable(list: readonly Run[], now: number, paint: Paint): string {
  const rows = runTree(list).map(({ of: run, level }) => [
    indented(run.id, level),
    printable(run.dagName),
    run.trigger?.kind ?? "",
    paint.status(run.status, run.paused === undefined ? run.status : `${run.status}, paused`),
    moment(run.createdAt),
    elapsed(run.startedAt, run.endedAt, now),
    clip(printableInOne(run.failure?.message ?? ""), remarkColumnsMax),
  ]);
  return table(["RUN", "DAG", "BY", "STATUS", "SUBMITTED", "TOOK", "FAILURE"], rows);
}
