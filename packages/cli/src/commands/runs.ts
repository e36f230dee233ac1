import type { HaversackClient, Run, RunStatus } from "@haversack/protocol";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, wholeNumber, withConnection, withJson } from "../options.ts";
import { runJson } from "../print/json.ts";
import { elapsed, moment } from "../print/moment.ts";
import type { Paint } from "../print/paint.ts";
import { clip, printable } from "../print/printable.ts";
import { indented, runTree } from "../print/run-tree.ts";
import { table } from "../print/table.ts";
import type { Shell } from "../shell.ts";

interface RunsOptions {
  readonly limit: number;
  readonly status?: RunStatus;
  readonly dag?: string;
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
  $ haversack runs --status failed --limit 100
  $ haversack runs --json | jq -r '.runs[] | select(.dagName == "repo-report") | .id'

--json: {runs: [{id, dagName, dagDigest, status, failure, params, createdAt, startedAt, endedAt, cancelRequested,
  retryOf, trigger: {kind, schedule, due}, parent: {runId, stepId, depth}}]}
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
    .option("--dag <name>", "only runs of this DAG");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((options: RunsOptions) => runs(options, shell)));
}

async function runs(options: RunsOptions, shell: Shell): Promise<ExitCode> {
  const { outside, paint } = shell;
  const { url, token, data } = options;
  const client = await shell.connect(given({ url, token, data }));
  const { list, hasMore } = await newest(client, options, outside.stopping);
  if (options.json === true) shell.json({ runs: list.map(runJson) });
  else if (list.length === 0) shell.note("there are no runs (that match)");
  else shell.out(runTable(list, outside.clock.now(), paint));
  if (hasMore && options.json !== true) shell.note(`there are more: --limit ${options.limit * 5}`);
  return exitCodes.ok;
}

async function newest(
  client: HaversackClient,
  { limit, status, dag: dagName }: RunsOptions,
  signal: AbortSignal,
): Promise<{ list: readonly Run[]; hasMore: boolean }> {
  const list: Run[] = [];
  let pageToken = "";
  do {
    const pageSize = Math.min(pageSizeMax, limit - list.length);
    const page = await client.runs({ pageSize, pageToken, ...given({ status, dagName }) }, signal);
    list.push(...page.runs);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && list.length < limit);
  return { list, hasMore: pageToken !== "" };
}

function runTable(list: readonly Run[], now: number, paint: Paint): string {
  const rows = runTree(list).map(({ of: run, level }) => [
    indented(run.id, level),
    printable(run.dagName),
    run.trigger?.kind ?? "",
    paint.status(run.status, run.status),
    moment(run.createdAt),
    elapsed(run.startedAt, run.endedAt, now),
    clip(printable(run.failure?.message ?? ""), remarkColumnsMax),
  ]);
  return table(["RUN", "DAG", "BY", "STATUS", "SUBMITTED", "TOOK", "FAILURE"], rows);
}
