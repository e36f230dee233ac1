import { Command } from "commander";
import type { ExitCode } from "../exit-codes.ts";
import { collectPair, withConnection, withJson } from "../options.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions, oneSchedule, scheduleHelp } from "./dag-options.ts";
import { type StartedOptions, tellStarted } from "./tell-started.ts";

interface TriggerOptions extends StartedOptions, DagOptions {
  readonly param?: ReadonlyMap<string, string>;
  readonly idempotencyKey?: string;
  readonly json?: boolean;
  readonly url?: string;
  readonly data?: string;
}

const examples = `
One run now with the parameters of the schedule, even while it is paused and whatever else runs.

Examples:
  $ haversack schedule trigger nightly --follow
  $ haversack schedule trigger nightly/1 -p day=2026-01-31

Exit codes and --json as with \`haversack run\`.`;

export function scheduleTriggerCommand(shell: Shell): Command {
  const command = new Command("trigger")
    .description("one run now")
    .argument("<name>", scheduleHelp)
    .option(
      "-p, --param <name=value>",
      "stands above that of the schedule; may be given several times",
      collectPair,
    )
    .option("-f, --follow", "show the run until it has ended")
    .option("--idempotency-key <key>", "start at most one run under this key (default: a new one)");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string, options: TriggerOptions) => trigger(name, options, shell)));
}

async function trigger(name: string, options: TriggerOptions, shell: Shell): Promise<ExitCode> {
  const { random, stopping } = shell.outside;
  const client = await connect(options, shell);
  const schedule = await oneSchedule(client, name, shell);
  const params = Object.fromEntries(options.param ?? []);
  const idempotencyKey = options.idempotencyKey ?? random.id();
  const { runId, existed } = await client.triggerSchedule({ ...schedule, params, idempotencyKey }, stopping);
  if (existed) shell.note(`run ${runId} had been started under this key already`);
  return await tellStarted(client, await client.run(runId, stopping), options, shell);
}
