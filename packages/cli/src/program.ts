/**
 * The `haversack` command: one file for each subcommand in `commands/`, each a function of the {@link Shell}.
 *
 *   outside        the process as a value: terminal, clock, environment, interrupts (made in main.ts)
 *   connect        finds the coordinator and the token
 *   follow/        a run to its end over as many connections as it takes
 *   start/         the parts of `haversack start`: model, worker process, report
 *   print/         tables, the live view, JSON; nothing from elsewhere reaches the terminal unescaped
 *   exit-codes     what a script learns
 */

import { faultOf, messageOf } from "@haversack/base";
import { Command, CommanderError, Option } from "commander";
import { agentCommands } from "./commands/agent-commands.ts";
import { artifactCommand } from "./commands/artifact.ts";
import { controlCommands } from "./commands/control-commands.ts";
import { dagCommands } from "./commands/dag-commands.ts";
import { logsCommand } from "./commands/logs.ts";
import { placementCommands } from "./commands/placement-commands.ts";
import { runCommand } from "./commands/run.ts";
import { runsCommand } from "./commands/runs.ts";
import { servingCommands } from "./commands/serving-commands.ts";
import { showCommand } from "./commands/show.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";
import type { Outside } from "./outside.ts";
import { printableLines } from "./print/printable.ts";
import { type ClientMaker, Shell } from "./shell.ts";
import { version } from "./version.ts";

const commands = [
  ...servingCommands,
  runCommand,
  ...dagCommands,
  runsCommand,
  showCommand,
  logsCommand,
  ...controlCommands,
  artifactCommand,
  ...placementCommands,
  ...agentCommands,
];

const footer = `
Exit codes: 0 ok · 1 the run failed · 2 invalid input or usage · 3 coordinator unreachable or busy · 4 not found
  5 denied · 6 the run was cancelled · 7 environment (busy port, unusable data folder) · 70 bug · 130 interrupted
A RUN is named by its id, the beginning of its id, or \`latest\`.`;

/** Never rejects: whatever happens becomes a message and an exit code. */
export async function runProgram(
  argv: readonly string[],
  outside: Outside,
  createClient: ClientMaker,
): Promise<ExitCode> {
  const shell = new Shell(outside, createClient);
  try {
    await createProgram(shell).parseAsync(argv, { from: "user" });
    return shell.exitCode ?? exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.invalid;
    if (outside.stopping.aborted && faultOf(error) !== "bug") return exitCodes.interrupted;
    outside.terminal.err(explanation(error, shell));
    return exitCodeOf(error);
  } finally {
    await shell.finish();
  }
}

function createProgram(shell: Shell): Command {
  const program = new Command("haversack")
    .description("Runs agent workflows on a fleet: a DAG in, results out.")
    .version(version, "--version")
    .option("--no-color", "plain text; NO_COLOR does the same")
    // An option behind a command is the command's: `memory show --version 3` asks for a version of memory.
    .enablePositionalOptions()
    .addHelpText("after", footer)
    .hook("preAction", (_, command) => {
      const { tokenFile, ca } = command.opts<{ tokenFile?: string; ca?: string }>();
      shell.tokenFile = tokenFile;
      shell.caFile = ca;
    });
  for (const each of commands) program.addCommand(each(shell));
  for (const command of everyCommand(program)) configure(command, shell);
  for (const command of program.commands.flatMap(everyCommand)) {
    command.addOption(new Option("--no-color").hideHelp());
  }
  return program;
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function configure(command: Command, { outside, paint }: Shell): void {
  command
    .exitOverride()
    .showHelpAfterError("(--help tells more)")
    .configureOutput({
      writeOut: (text) => outside.terminal.out(text),
      writeErr: (text) => outside.terminal.err(text),
      outputError: (text, write) => write(paint.bad(text.replace(/^error: /, "haversack: "))),
      getOutHelpWidth: () => Math.min(outside.terminal.size().columns, 110),
    });
}

function explanation(error: unknown, { paint, connectedTo, outside }: Shell): string {
  const message = `${paint.bad("haversack:")} ${printableLines(messageOf(error))}\n`;
  const code = exitCodeOf(error);
  if (code === exitCodes.unreachable && connectedTo !== undefined) {
    return `${message}  The coordinator was expected at ${connectedTo}.\n`;
  }
  if (code !== exitCodes.bug) return message;
  const stack = error instanceof Error && outside.env.HAVERSACK_LOG === "debug" ? `${error.stack}\n` : "";
  return `${message}${stack}  This is a bug in haversack; HAVERSACK_LOG=debug shows where.\n`;
}
