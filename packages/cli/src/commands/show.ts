import { Command } from "commander";
import { type ExitCode, exitCodeOfRun, exitCodes } from "../exit-codes.ts";
import { flagsOf, given, withConnection, withJson } from "../options.ts";
import { runJson } from "../print/json.ts";
import { runDetail } from "../print/run-detail.ts";
import { commandName } from "../print/run-result.ts";
import { findRun } from "../run-ref.ts";
import type { Shell } from "../shell.ts";
import { tellRun } from "../tell-run.ts";

interface ShowOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const examples = `
Examples:
  $ haversack show latest
  $ haversack show latest --follow                            until it has ended; exit codes as with run --follow
  $ haversack show latest --json | jq '.steps[] | select(.phase == "failed")'

--json: {id, dagName, dagDigest, status, failure, params, createdAt, startedAt, endedAt, cancelRequested,
  retryOf, trigger: {kind, schedule, due}, paused: {at, reason}, dueAt,
  steps: [{id, kind, phase, depends, attempt, workerName, startedAt, endedAt, failure, exitCode, outputs, artifacts,
  snapshotDigest, usage, memory: {applied, inReview}, waitingFor,
  approval: {prompt, form, approvers, askedAt, dueAt, onTimeout, answer: {decision, by, onBehalfOf, comment, fields, at}}}]}`;

export function showCommand(shell: Shell): Command {
  const command = new Command("show")
    .description("everything about one run: steps, outputs, artifacts, failures")
    .argument("<run>", "id, the beginning of one, or `latest`")
    .option("-f, --follow", "show it live until it has ended");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string, options: ShowOptions) => show(name, options, shell)));
}

async function show(name: string, options: ShowOptions, shell: Shell): Promise<ExitCode> {
  const { outside, paint } = shell;
  const { url, token, data, json = false } = options;
  const client = await shell.connect(given({ url, token, data }));
  const run = await findRun(client, name, outside.stopping);
  if (options.follow === true) {
    const flags = flagsOf(given({ url, data }));
    const whenInterrupted = `the run goes on: ${commandName} show ${run.id} --follow${flags}`;
    const ended = await tellRun(client, run, { json, whenInterrupted, flags }, shell, outside.stopping);
    return exitCodeOfRun(ended.status);
  }
  if (json) shell.json(runJson(run));
  else shell.out(runDetail(run, outside.clock.now(), paint));
  return exitCodes.ok;
}
