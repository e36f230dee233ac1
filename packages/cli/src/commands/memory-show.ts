import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { scopeNamed } from "../memory/scope-name.ts";
import { wholeNumber, withConnection, withJson } from "../options.ts";
import { entriesText } from "../print/memory-text.ts";
import type { Shell } from "../shell.ts";
import { connect, type MemoryOptions, scopeHelp } from "./memory-options.ts";

interface ShowOptions extends MemoryOptions {
  readonly version?: number;
}

export const versionMax = 999_999_999;
const examples = `
Examples:
  $ haversack memory show global
  $ haversack memory show repo-report --version 3
  $ haversack memory show repo-report --json | jq -r '.entries[].text'

--json: {scope, version, digest, entries: [{id, text, source}]}; source is <run id>/<step id>.`;

export function memoryShowCommand(shell: Shell): Command {
  const command = new Command("show")
    .description("the entries of a scope, each with the step that wrote it")
    .argument("<scope>", scopeHelp)
    .addOption(
      new Option("--version <n>", "as it was then (default: the newest)").argParser(
        wholeNumber(1, versionMax),
      ),
    );
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string, options: ShowOptions) => show(name, options, shell)));
}

async function show(name: string, options: ShowOptions, shell: Shell): Promise<ExitCode> {
  const scope = scopeNamed(name);
  const client = await connect(options, shell);
  const state = await client.memory(scope, options.version, shell.outside.stopping);
  if (options.json === true) shell.json(state);
  else if (state.version === 0) shell.note(`nothing was ever noted in ${scope}`);
  else shell.out(entriesText(state, shell.paint));
  return exitCodes.ok;
}
