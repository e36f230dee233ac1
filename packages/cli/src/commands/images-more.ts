/** `haversack images cancel`, `reload` and `history`. */

import { present } from "@haversack/base";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import { imageJson, imageLine, statusJson, transitionTable } from "../print/image-text.ts";
import { printable } from "../print/printable.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";
import { targetsOf } from "./images-targets.ts";

interface OneOptions extends DagOptions {
  readonly worker?: string;
}

const ofOne = (command: Command): Command =>
  withConnection(
    withJson(
      command
        .argument("[ref]", "which image (default: base)")
        .option("--worker <worker>", "name or id; may be left out where only one has images"),
      "JSON",
    ),
  );

export function cancelImageCommand(shell: Shell): Command {
  return ofOne(new Command("cancel").description("end a download; what has come is kept for a day"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack images cancel --worker host-3

--json: {image: {…}} as \`haversack images --json\``,
    )
    .action(shell.does((ref: string | undefined, options: OneOptions) => cancel(ref, options, shell)));
}

async function cancel(ref: string | undefined, options: OneOptions, shell: Shell): Promise<ExitCode> {
  const { client, worker, ref: meant } = await one(ref, options, shell);
  const image = await client.cancelImage(worker, meant, shell.outside.stopping);
  if (options.json === true) shell.json({ image: imageJson(image) });
  else shell.out(`${imageLine(image, false)}\n`);
  return exitCodes.ok;
}

export function historyCommand(shell: Shell): Command {
  return ofOne(new Command("history").description("how it came to the state of an image, newest first"))
    .addHelpText(
      "after",
      `
The last hundred changes are kept, for two weeks.

Examples:
  $ haversack images history --worker host-3

--json: {transitions: [{digest, ref, stamp, arch, state, why, attempt, method, cause, asked, failure, cancelledBy, seq, since}]}`,
    )
    .action(shell.does((ref: string | undefined, options: OneOptions) => history(ref, options, shell)));
}

async function history(ref: string | undefined, options: OneOptions, shell: Shell): Promise<ExitCode> {
  const { client, worker, ref: meant } = await one(ref, options, shell);
  const transitions = await client.imageTransitions(worker, meant, shell.outside.stopping);
  if (options.json === true) shell.json({ transitions: transitions.map(statusJson) });
  else if (transitions.length === 0) shell.note("nothing is written down of this image");
  else shell.out(transitionTable(transitions));
  return exitCodes.ok;
}

export function reloadCommand(shell: Shell): Command {
  const command = new Command("reload").description("have the coordinator read images.json again");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
A file that cannot be used changes nothing. A stamp means one image for ever: the same one with other content is refused.

Examples:
  $ haversack images reload

--json: {base: {stamp, recipe}}; without base: the coordinator knows none`,
    )
    .action(shell.does((options: DagOptions) => reload(options, shell)));
}

async function reload(options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const base = await client.reloadImages(shell.outside.stopping);
  if (options.json === true)
    shell.json(base === undefined ? {} : { base: { stamp: base.stamp, recipe: base.recipe } });
  else if (base === undefined) shell.out("the coordinator knows no base image: start it with --images\n");
  else
    shell.out(
      `base image ${printable(base.stamp)}, for ${[...base.arches.keys()].map(printable).join(", ")}\n`,
    );
  return exitCodes.ok;
}

async function one(ref = "base", options: OneOptions, shell: Shell) {
  const client = await connect(options, shell);
  const workers = options.worker === undefined ? [] : [options.worker];
  const targets = await targetsOf(client, { workers, ref }, shell.outside.stopping);
  return { client, ...present(targets[0], "a worker") };
}
