/** `haversack undeploy`: the container goes; its volumes stay unless somebody says otherwise. */

import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";
import { told } from "./deploy.ts";

interface UndeployOptions extends DagOptions {
  readonly volumes?: boolean;
  readonly abandon?: boolean;
  readonly wait: boolean;
}

const examples = `
Examples:
  $ haversack undeploy web
  $ haversack undeploy db --volumes             what it stored goes too
  $ haversack undeploy web --abandon            its worker is lost: the name is free at once

Exit codes as with \`haversack run --follow\`.
--json: one object a line as \`run --follow\` prints them, at last {"type":"deployment"…}; with --abandon {name}.`;

export function undeployCommand(shell: Shell): Command {
  const command = new Command("undeploy")
    .description("stop and remove what was deployed")
    .argument("<name>", "as `deployments` shows it")
    .option("--volumes", "with its volumes")
    .addOption(
      new Option("--abandon", "give it up with its lost worker; it goes when the worker returns").conflicts(
        "volumes",
      ),
    )
    .option("--no-wait", "do not wait for its end");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string, options: UndeployOptions) => undeploy(name, options, shell)));
}

async function undeploy(name: string, options: UndeployOptions, shell: Shell): Promise<ExitCode> {
  const { stopping } = shell.outside;
  const client = await connect(options, shell);
  const asked = { volumes: options.volumes === true, abandon: options.abandon === true };
  const runId = await client.undeploy(name, asked, stopping);
  if (runId !== undefined) {
    const run = await client.run(runId, stopping);
    return await told(client, { name, run, options }, shell);
  }
  if (options.json === true) shell.json({ name });
  else shell.out(`${name} was given up: the name is free, and its container goes when its worker returns\n`);
  return exitCodes.ok;
}
