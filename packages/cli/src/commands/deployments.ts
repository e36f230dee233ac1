/** `haversack deployments`: what deploys left running, and what it writes. */

import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, wholeNumber, withConnection, withJson } from "../options.ts";
import { deploymentJson } from "../print/deployment-json.ts";
import { deploymentDetail, deploymentTable } from "../print/deployment-text.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";
import { writeDeploymentLog } from "./deployment-log.ts";

interface ListOptions extends DagOptions {
  readonly worker?: string;
}

const jsonShape = `{name, revision, state, workerId, workerName, container, image, report, deployedAt, seenAt, expiresAt,
  exitCode, lastLines, healthy, runId, stepId, note}`;

const help = `
States: deploying, running, stopped, missing, unknown (its worker or engine does not answer), needs-secrets, orphan (no
record tells of it), abandoned, failed.

Examples:
  $ haversack deployments
  $ haversack deployments --worker gpu-1 --json | jq -r '.deployments[] | select(.state != "running") | .name'
  $ haversack deployments show web
  $ haversack deployments logs web --follow

--json: {deployments: [${jsonShape}]}`;

export function deploymentsCommand(shell: Shell): Command {
  const command = new Command("deployments")
    .description("containers that deploys left running: list, show, logs")
    // An option behind `logs` is its own.
    .enablePositionalOptions()
    .option("--worker <worker>", "only those of this worker");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", help)
    .action(shell.does((options: ListOptions) => list(options, shell)))
    .addCommand(showCommand(shell))
    .addCommand(logsCommand(shell));
}

async function list(options: ListOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const deployments = await client.deployments(options.worker, shell.outside.stopping);
  if (options.json === true) shell.json({ deployments: deployments.map(deploymentJson) });
  else if (deployments.length === 0) shell.note("nothing is deployed: haversack deploy NAME");
  else shell.out(deploymentTable(deployments, shell.paint));
  return exitCodes.ok;
}

function showCommand(shell: Shell): Command {
  const command = new Command("show")
    .description("one of them, how it was deployed, and what it wrote last")
    .argument("<name>", "as `deployments` shows it");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", `\nExamples:\n  $ haversack deployments show web\n\n--json: ${jsonShape}`)
    .action(
      shell.does(async (name: string, options: DagOptions): Promise<ExitCode> => {
        const client = await connect(options, shell);
        const info = await client.deployment(name, shell.outside.stopping);
        if (options.json === true) shell.json(deploymentJson(info));
        else shell.out(deploymentDetail(info, shell.paint));
        return exitCodes.ok;
      }),
    );
}

interface LogOptions extends DagOptions {
  readonly follow?: boolean;
  readonly tail?: number;
}

function logsCommand(shell: Shell): Command {
  const command = new Command("logs")
    .description("what its container writes")
    .argument("<name>", "as `deployments` shows it")
    .option("-f, --follow", "go on until it is interrupted, or the container is gone")
    .option(
      "--tail <n>",
      "so many lines from the end (default: all that there are)",
      wholeNumber(1, 1_000_000),
    );
  return withConnection(command)
    .addHelpText(
      "after",
      `
It comes from the worker, which must be connected. The log of the step that deployed it: haversack logs RUN.

Examples:
  $ haversack deployments logs web --tail 100
  $ haversack deployments logs web --follow`,
    )
    .action(
      shell.does(async (name: string, options: LogOptions): Promise<ExitCode> => {
        const client = await connect(options, shell);
        const asked = { follow: options.follow === true, ...given({ tail: options.tail }) };
        await writeDeploymentLog(client, name, asked, shell);
        return exitCodes.ok;
      }),
    );
}
