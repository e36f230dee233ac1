import type { HaversackClient, WaitingApproval } from "@haversack/protocol";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { flagsOf, given, wholeNumber, withConnection, withJson } from "../options.ts";
import { approvalTable } from "../print/approval-text.ts";
import { approvalJson } from "../print/json.ts";
import { commandName } from "../print/run-result.ts";
import type { Shell } from "../shell.ts";

interface ApprovalsOptions {
  readonly limit: number;
  readonly dag?: string;
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const limitDefault = 50;
const limitMax = 10_000;
const pageSizeMax = 500;
const examples = `
Steps of kind \`human\` that wait for an answer, those of the oldest run first.

Examples:
  $ haversack approvals
  $ haversack approvals --dag release --json | jq -r '.approvals[].prompt'

--json: {approvals: [{runId, dagName, stepId, prompt, form, approvers, askedAt, dueAt, onTimeout}]}`;

export function approvalsCommand(shell: Shell): Command {
  const command = new Command("approvals")
    .description("what waits for a person, over all runs")
    .addOption(
      new Option("-n, --limit <n>", "at most this many")
        .default(limitDefault)
        .argParser(wholeNumber(1, limitMax)),
    )
    .option("--dag <name>", "only of runs of this DAG");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((options: ApprovalsOptions) => approvals(options, shell)));
}

async function approvals(options: ApprovalsOptions, shell: Shell): Promise<ExitCode> {
  const { outside } = shell;
  const { url, token, data } = options;
  const client = await shell.connect(given({ url, token, data }));
  const { list, hasMore } = await oldest(client, options, outside.stopping);
  if (options.json === true) shell.json({ approvals: list.map(approvalJson) });
  else if (list.length === 0) shell.note("nothing waits for a person");
  else {
    shell.out(approvalTable(list, outside.clock.now()));
    const flags = flagsOf(given({ url, data }));
    shell.note(`answer: ${commandName} answer RUN STEP --approve or --reject${flags}`);
    if (hasMore) shell.note(`there are more: --limit ${options.limit * 5}`);
  }
  return exitCodes.ok;
}

async function oldest(
  client: HaversackClient,
  { limit, dag: dagName }: ApprovalsOptions,
  signal: AbortSignal,
): Promise<{ list: readonly WaitingApproval[]; hasMore: boolean }> {
  const list: WaitingApproval[] = [];
  let pageToken = "";
  do {
    const pageSize = Math.min(pageSizeMax, limit - list.length);
    const page = await client.approvals({ pageSize, pageToken, ...given({ dagName }) }, signal);
    list.push(...page.approvals);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && list.length < limit);
  return { list, hasMore: pageToken !== "" };
}
