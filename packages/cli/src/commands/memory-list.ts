import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { flagsOf, given, usage, withConnection, withJson } from "../options.ts";
import { scopesText } from "../print/memory-text.ts";
import { commandName } from "../print/run-result.ts";
import type { Shell } from "../shell.ts";
import { connect, type MemoryOptions } from "./memory-options.ts";

const examples = `
SIZE is that of the notes as an agent reads them, IN REVIEW how many operations wait for a person.

Examples:
  $ haversack memory
  $ haversack memory list --json | jq '[.scopes[].inReview] | add'

--json: {scopes: [{name, version, entries, size, inReview}]}`;

export function memoryListCommand(shell: Shell): Command {
  const command = new Command("list").description("the scopes").allowExcessArguments();
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((options: MemoryOptions, { args }: Command) => list(args, options, shell)));
}

async function list(args: readonly string[], options: MemoryOptions, shell: Shell): Promise<ExitCode> {
  // As the default verb it is given every word that is no verb.
  if (args.length > 0) {
    const word = JSON.stringify(args[0]);
    throw usage(
      `${word} is no verb of \`haversack memory\`; the entries of a scope: haversack memory show SCOPE`,
    );
  }
  const client = await connect(options, shell);
  const scopes = await client.memoryScopes(shell.outside.stopping);
  const waiting = scopes.reduce((sum, { inReview }) => sum + inReview, 0);
  if (options.json === true) shell.json({ scopes });
  else if (scopes.length === 0) shell.note("no agent has noted anything yet");
  else shell.out(scopesText(scopes, shell.paint));
  if (waiting > 0 && options.json !== true) {
    const { url, data } = options;
    const what = waiting === 1 ? "1 operation waits" : `${waiting} operations wait`;
    shell.note(`${what} for review: ${commandName} memory review${flagsOf(given({ url, data }))}`);
  }
  return exitCodes.ok;
}
