import { Command } from "commander";
import type { ExitCode } from "../exit-codes.ts";
import { given, withConnection, withJson } from "../options.ts";
import { findRun } from "../run-ref.ts";
import type { Shell } from "../shell.ts";
import { type StartedOptions, tellStarted } from "./tell-started.ts";

interface RetryOptions extends StartedOptions {
  readonly from?: string;
  readonly refreshLibrary?: boolean;
  readonly idempotencyKey?: string;
  readonly token?: string;
}

const examples = `
A new run with the DAG and the parameters of one that has ended. Steps that succeeded keep what they made; all others,
and what depends on them, are done again. Agent steps get the snapshots that were pinned for the first run, with memory
of now.

Examples:
  $ haversack retry latest --follow
  $ haversack retry 0198c2f3 --from report          also done again: report and what depends on it
  $ haversack retry latest --refresh-library        with the agent library of now

Exit codes and --json as with \`haversack run\`.`;

export function retryCommand(shell: Shell): Command {
  const command = new Command("retry")
    .description("run again what did not succeed")
    .argument("<run>", "id, the beginning of one, or `latest`")
    .option("--from <step>", "start from this step, even if it succeeded")
    .option("--refresh-library", "pin the agent library as it is now")
    .option("-f, --follow", "show the run until it has ended")
    .option("--idempotency-key <key>", "start at most one retry under this key (default: a new one)");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string, options: RetryOptions) => retry(name, options, shell)));
}

async function retry(name: string, options: RetryOptions, shell: Shell): Promise<ExitCode> {
  const { outside } = shell;
  const { url, token, data, from: fromStep } = options;
  const client = await shell.connect(given({ url, token, data }));
  const earlier = await findRun(client, name, outside.stopping);
  const asked = {
    runId: earlier.id,
    refreshLibrary: options.refreshLibrary === true,
    idempotencyKey: options.idempotencyKey ?? outside.random.id(),
    ...given({ fromStep }),
  };
  const { run, existed } = await shell.traced("haversack.v1.RunService/Retry", (place) =>
    client.retry({ ...asked, ...place }, outside.stopping),
  );
  if (existed) shell.note(`run ${run.id} had been started under this key already`);
  return await tellStarted(client, run, options, shell);
}
