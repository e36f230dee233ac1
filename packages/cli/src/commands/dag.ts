/** `haversack dag`: DAGs that the coordinator keeps by name. */

import type { DagText } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { readDagText } from "../follow/submission.ts";
import { withConnection, withJson } from "../options.ts";
import { dagJson } from "../print/json.ts";
import { printable } from "../print/printable.ts";
import { dagTable } from "../print/schedule-text.ts";
import type { Shell } from "../shell.ts";
import { dagConvertCommand } from "./dag-convert.ts";
import { connect, type DagOptions } from "./dag-options.ts";
import { dagSchemaCommand } from "./dag-schema.ts";

const help = `
A stored DAG is run by its name, and its schedules start it by themselves.

Examples:
  $ haversack dag put nightly.yaml weekly.yaml
  $ haversack run --dag nightly -p day=2026-01-31 --follow
  $ haversack schedule list`;

export function dagCommand(shell: Shell): Command {
  return new Command("dag")
    .description(
      "store DAGs under their names: put, get, list, delete; print the schema of their files, convert those of Dagu",
    )
    .addHelpText("after", help)
    .addCommand(putCommand(shell))
    .addCommand(getCommand(shell))
    .addCommand(listCommand(shell))
    .addCommand(deleteCommand(shell))
    .addCommand(dagSchemaCommand(shell))
    .addCommand(dagConvertCommand(shell));
}

function putCommand(shell: Shell): Command {
  const command = new Command("put")
    .description("store DAGs, or new texts of them")
    .argument("<file...>", "YAML files; each is stored under the `name` in it");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Each is checked like a submission, agent items too, and all that is wrong with it is told. The same text changes nothing.
A schedule that is new, or not what it was, counts from now on. The first file that is wrong ends the command (exit code
2); those before it are stored.

Examples:
  $ haversack dag put dags/*.yaml

--json: {dags: [{name, digest, fileName, putAt, schedules, changed}]}`,
    )
    .action(shell.does((files: string[], options: DagOptions) => put(files, options, shell)));
}

async function put(files: readonly string[], options: DagOptions, shell: Shell): Promise<ExitCode> {
  const { cwd, stopping } = shell.outside;
  const texts: DagText[] = [];
  for (const file of files) texts.push(await readDagText(file, cwd));
  const client = await connect(options, shell);
  const stored: object[] = [];
  for (const text of texts) {
    const { dag, changed } = await client.putDag(text, stopping);
    stored.push({ ...dagJson(dag), changed });
    if (options.json !== true) shell.out(`${dag.name} ${changed ? "stored" : "unchanged"}\n`);
  }
  if (options.json === true) shell.json({ dags: stored });
  return exitCodes.ok;
}

function getCommand(shell: Shell): Command {
  const command = new Command("get")
    .description("print a stored DAG, word for word")
    .argument("<name>", "of the DAG");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack dag get nightly > nightly.yaml

--json: {name, digest, fileName, putAt, schedules, source}`,
    )
    .action(shell.does((name: string, options: DagOptions) => get(name, options, shell)));
}

async function get(name: string, options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const dag = await client.dag(name, shell.outside.stopping);
  if (options.json === true) shell.json(dagJson(dag));
  else await shell.outside.terminal.write(Buffer.from(dag.source));
  return exitCodes.ok;
}

function listCommand(shell: Shell): Command {
  return withConnection(withJson(new Command("list").description("the stored DAGs"), "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack dag list

--json: {dags: [{name, digest, fileName, putAt, schedules}]}`,
    )
    .action(shell.does((options: DagOptions) => list(options, shell)));
}

async function list(options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const dags = await client.dags(shell.outside.stopping);
  if (options.json === true) shell.json({ dags: dags.map(dagJson) });
  else if (dags.length === 0) shell.note("no DAG is stored: haversack dag put FILE");
  else shell.out(dagTable(dags, shell.paint));
  return exitCodes.ok;
}

function deleteCommand(shell: Shell): Command {
  const command = new Command("delete")
    .description("forget a stored DAG and its schedules; its runs stay")
    .argument("<name>", "of the DAG");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack dag delete nightly

--json: {name}`,
    )
    .action(shell.does((name: string, options: DagOptions) => remove(name, options, shell)));
}

async function remove(name: string, options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  await client.deleteDag(name, shell.outside.stopping);
  if (options.json === true) shell.json({ name });
  else shell.out(`${printable(name)} deleted\n`);
  return exitCodes.ok;
}
