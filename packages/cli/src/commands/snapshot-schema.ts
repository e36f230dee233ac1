import { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
import type { Shell } from "../shell.ts";

const examples = `
The shape of what \`zcat report.snapshot\` prints, as JSON Schema 2020-12, for readers in other languages.

Examples:
  $ haversack snapshot schema > schema.json`;

export function schemaCommand(shell: Shell): Command {
  return new Command("schema")
    .description("print the JSON Schema of the format")
    .addHelpText("after", examples)
    .action(
      shell.does(async () => {
        const { snapshotSchema } = await import("@haversack/snapshot");
        shell.out(snapshotSchema());
        return exitCodes.ok;
      }),
    );
}
