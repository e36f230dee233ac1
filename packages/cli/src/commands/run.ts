import { Command } from "commander";
import type { ExitCode } from "../exit-codes.ts";
import { prepareStored, prepareSubmission } from "../follow/submission.ts";
import { submit, submitCall } from "../follow/submit.ts";
import { collectPair, given, usage, withConnection, withJson } from "../options.ts";
import type { Shell } from "../shell.ts";
import { type StartedOptions, tellStarted } from "./tell-started.ts";

interface RunOptions extends StartedOptions {
  readonly param?: ReadonlyMap<string, string>;
  readonly label?: ReadonlyMap<string, string>;
  readonly idempotencyKey?: string;
  readonly dag?: string;
  readonly token?: string;
}

const examples = `
Examples:
  $ haversack run examples/dags/repo-report.yaml --follow
  $ haversack run report.yaml -p repo=../site -p depth=3        paths are relative to this folder
  $ haversack run --dag nightly                                a DAG that is stored (\`haversack dag put\`)
  $ haversack run nightly.yaml --label team=data --label ticket=42
  $ haversack run nightly.yaml --idempotency-key nightly-2026-01-31
  $ id=$(haversack run report.yaml --json | jq -r .id)

Without --follow it ends once the run is safely stored (exit code 0). With --follow it ends with the run: 0 succeeded,
1 failed, 6 cancelled; Ctrl-C leaves the run alone (130). The same idempotency key never starts a second run.
--json prints the run; with --follow one object a line: {"type":"event"…}, {"type":"log"…}, at last {"type":"run"…}.`;

export function runCommand(shell: Shell): Command {
  const command = new Command("run")
    .description("submit a DAG")
    .argument("[file]", "the DAG, a YAML file")
    .option("--dag <name>", "a stored DAG instead of a file")
    .option("-p, --param <name=value>", "a parameter; may be given several times", collectPair)
    .option(
      "-l, --label <name=value>",
      "a label that the run is found by; may be given several times",
      collectPair,
    )
    .option("-f, --follow", "show the run until it has ended")
    .option("--idempotency-key <key>", "submit at most one run under this key (default: a new one)");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((file: string | undefined, options: RunOptions) => run(file, options, shell)));
}

async function run(file: string | undefined, options: RunOptions, shell: Shell): Promise<ExitCode> {
  const { outside } = shell;
  const { url, token, data } = options;
  const key = options.idempotencyKey ?? outside.random.id();
  if ((file === undefined) === (options.dag === undefined)) throw usage("expected a FILE or --dag NAME");
  const params = options.param ?? new Map<string, string>();
  const carried = file === undefined ? undefined : await prepareSubmission(file, params, key, outside.cwd);
  const client = await shell.connect(given({ url, token, data }));
  const asked =
    carried ?? prepareStored(await client.dag(options.dag ?? "", outside.stopping), params, key, outside.cwd);
  const submission =
    options.label === undefined ? asked : { ...asked, labels: Object.fromEntries(options.label) };
  const { run, existed } = await shell.traced(submitCall, (place) =>
    submit(client, { ...submission, ...place }, (text) => shell.note(text), outside),
  );
  if (existed) shell.note(`run ${run.id} had been submitted under this key already`);
  return await tellStarted(client, run, options, shell);
}
