import type { HaversackClient, RunDetail } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodeOfRun, exitCodes } from "../exit-codes.ts";
import { readChildRuns } from "../follow/child-runs.ts";
import { withItems, withStep } from "../follow/run-items.ts";
import { flagsOf, given, usage, withConnection, withJson } from "../options.ts";
import { runJson } from "../print/json.ts";
import { runDetail } from "../print/run-detail.ts";
import { commandName } from "../print/run-result.ts";
import { findRun } from "../run-ref.ts";
import type { Shell } from "../shell.ts";
import { tellRun } from "../tell-run.ts";

interface ShowOptions {
  readonly follow?: boolean;
  readonly items?: boolean;
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const examples = `
Examples:
  $ haversack show latest
  $ haversack show latest build                               one step; with foreach or matrix its items too
  $ haversack show latest build.3                             one item
  $ haversack show latest --items                             all steps, all items
  $ haversack show latest --follow                            until it has ended; exit codes as with run --follow
  $ haversack show latest --json | jq '.steps[] | select(.phase == "failed")'

--json: {id, dagName, dagDigest, status, failure, params, createdAt, startedAt, endedAt, cancelRequested,
  retryOf, trigger: {kind, schedule, due}, parent: {runId, stepId, depth}, outputs, paused: {at, reason}, dueAt,
  steps: [{id, kind, phase, depends, attempt, workerName, startedAt, endedAt, failure, exitCode, outputs, artifacts,
  snapshotDigest, usage, memory: {applied, inReview}, waitingFor, childRunId,
  approval: {prompt, form, approvers, askedAt, dueAt, onTimeout, answer: {decision, by, onBehalfOf, comment, fields, at}},
  items: {total, waiting, active, succeeded, failed, cancelled}, item: {value}}]}`;

export function showCommand(shell: Shell): Command {
  const command = new Command("show")
    .description("everything about one run: steps, outputs, artifacts, failures")
    .argument("<run>", "id, the beginning of one, or `latest`")
    .argument("[step]", "only this step, or this item of one")
    .option("--items", "the items of steps with foreach or matrix, each as a step")
    .option("-f, --follow", "show it live until it has ended");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(
      shell.does((run: string, step: string | undefined, options: ShowOptions) =>
        show({ run, step }, options, shell),
      ),
    );
}

interface Named {
  readonly run: string;
  readonly step: string | undefined;
}

async function show(name: Named, options: ShowOptions, shell: Shell): Promise<ExitCode> {
  const { outside, paint } = shell;
  const { url, token, data, json = false } = options;
  const client = await shell.connect(given({ url, token, data }));
  const run = await findRun(client, name.run, outside.stopping);
  if (options.follow === true) {
    if (name.step !== undefined) throw usage("--follow shows the whole run: leave out the step");
    const flags = flagsOf(given({ url, data }));
    const whenInterrupted = `the run goes on: ${commandName} show ${run.id} --follow${flags}`;
    const ended = await tellRun(client, run, { json, whenInterrupted, flags }, shell, outside.stopping);
    return exitCodeOfRun(ended.status);
  }
  const shown = await chosen(client, run, { ...name, ...options }, outside.stopping);
  if (json) shell.json(runJson(shown));
  else {
    const children = await readChildRuns(client, shown, outside.stopping);
    shell.out(runDetail(shown, outside.clock.now(), paint, children));
  }
  return exitCodes.ok;
}

async function chosen(
  client: HaversackClient,
  run: RunDetail,
  { step, items }: Pick<Named, "step"> & Pick<ShowOptions, "items">,
  signal: AbortSignal,
): Promise<RunDetail> {
  if (step !== undefined) return await withStep(client, run, step, signal);
  return items === true ? await withItems(client, run, signal) : run;
}
