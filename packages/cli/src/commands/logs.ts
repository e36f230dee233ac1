import type { LogPiece } from "@haversack/protocol";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { resumed } from "../follow/link.ts";
import { type LogLine, LogLines } from "../follow/log-lines.ts";
import { knownStep } from "../follow/run-items.ts";
import { given, usage, withConnection, withJson } from "../options.ts";
import { logJson } from "../print/json.ts";
import { printable, printableInColour } from "../print/printable.ts";
import { findRun } from "../run-ref.ts";
import type { Shell } from "../shell.ts";

interface LogsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly raw?: boolean;
  readonly stream?: string;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const examples = `
Examples:
  $ haversack logs latest                          all steps, each line with the name of its step
  $ haversack logs latest check --follow           one step, until it has ended
  $ haversack logs latest build                    all items of a step with foreach; of one: build.3
  $ haversack logs latest check --raw > check.log  the bytes as they were written

Colours are kept on a terminal, and dropped elsewhere or with --no-color. Other control characters are shown as \\x1b, so that a
log cannot take over the terminal; --raw leaves everything.
--json prints one object a line: {step, attempt, stream, text}.`;

export function logsCommand(shell: Shell): Command {
  const command = new Command("logs")
    .description("what the steps of a run wrote")
    .argument("<run>", "id, the beginning of one, or `latest`")
    .argument("[step]", "only this step")
    .option("-f, --follow", "go on until the run (or the step) has ended")
    .addOption(new Option("--stream <name>", "only this one").choices(["stdout", "stderr", "system"]))
    .addOption(new Option("--raw", "the bytes of one step, unchanged").conflicts("json"));
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(
      shell.does((run: string, step: string | undefined, options: LogsOptions) =>
        logs(run, step, options, shell),
      ),
    );
}

async function logs(
  name: string,
  step: string | undefined,
  options: LogsOptions,
  shell: Shell,
): Promise<ExitCode> {
  if (options.raw === true && step === undefined) throw usage("--raw needs a step: logs RUN STEP --raw");
  const { clock, random, stopping } = shell.outside;
  const { url, token, data } = options;
  const client = await shell.connect(given({ url, token, data }));
  const run = await findRun(client, name, stopping);
  const stepId = step === undefined ? undefined : knownStep(run, step);
  const query = { runId: run.id, follow: options.follow === true, ...given({ stepId }) };
  const open = (afterPosition: number) => client.logs({ ...query, afterPosition }, stopping);
  const link = {
    clock,
    random,
    onBroken: (why: string) => shell.note(`connection lost, trying again (${why})`),
  };
  const pieces = resumed(
    open,
    (piece) => piece.position,
    () => true,
    link,
    stopping,
  );
  const isOne = run.steps.every((each) => each.id !== stepId || each.items === undefined);
  await print(chosen(pieces, options.stream), stepId === undefined || !isOne, options, shell);
  return exitCodes.ok;
}

async function* chosen(pieces: AsyncIterable<LogPiece>, stream: string | undefined): AsyncIterable<LogPiece> {
  for await (const piece of pieces) if (stream === undefined || piece.stream === stream) yield piece;
}

async function print(
  pieces: AsyncIterable<LogPiece>,
  isNamed: boolean,
  options: LogsOptions,
  shell: Shell,
): Promise<void> {
  const lines = new LogLines();
  const format = options.json === true ? jsonLine : plainLine(isNamed, shell);
  for await (const piece of pieces) {
    if (options.raw === true) await shell.outside.terminal.write(piece.data);
    else for (const line of lines.take(piece)) shell.out(format(line));
  }
  for (const line of lines.end()) shell.out(format(line));
}

const jsonLine = (line: LogLine): string => `${JSON.stringify(logJson(line))}\n`;

const plainLine =
  (isNamed: boolean, { paint, outside }: Shell) =>
  (line: LogLine): string => {
    const text = outside.terminal.colours ? printableInColour(line.text) : printable(line.text);
    const shown = line.stream === "system" ? paint.faint(text) : text;
    return isNamed ? `${paint.faint(`[${line.stepId}]`)} ${shown}\n` : `${shown}\n`;
  };
