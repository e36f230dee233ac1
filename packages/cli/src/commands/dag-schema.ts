import { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
import type { Shell } from "../shell.ts";

const examples = `
Editors complete and check DAG files with it. The first line of a file names it (a path from that file, or a URL):
  # yaml-language-server: $schema=dag.schema.json

Examples:
  $ haversack dag schema > dag.schema.json`;

export function dagSchemaCommand(shell: Shell): Command {
  return new Command("schema")
    .description("print the JSON Schema of a DAG file")
    .addHelpText("after", examples)
    .action(
      shell.does(async () => {
        const { dagJsonSchema } = await import("@haversack/coordinator");
        shell.out(dagJsonSchema());
        return exitCodes.ok;
      }),
    );
}
