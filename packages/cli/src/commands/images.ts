/** `haversack images`: what workers have of container images, and what is to be done about it. */

import type { WorkerImage } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { latest } from "../follow/follow-images.ts";
import { resumed } from "../follow/link.ts";
import { withConnection, withJson } from "../options.ts";
import { imageScreen } from "../print/image-screen.ts";
import { imageJson, imageTable } from "../print/image-text.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";
import { cancelImageCommand, historyCommand, reloadCommand } from "./images-more.ts";
import { pullCommand } from "./images-pull.ts";

interface StatusOptions extends DagOptions {
  readonly worker?: string;
  readonly watch?: boolean;
}

const examples = `
Examples:
  $ haversack images
  $ haversack images --worker host-3 --watch
  $ haversack images pull --worker host-3
  $ haversack images cancel --worker host-3
  $ haversack images history --worker host-3
  $ haversack images reload

A worker fetches the base image when its first deploy comes, or as HAVERSACK_PREFETCH_BASE_IMAGE says.`;

export function imagesCommand(shell: Shell): Command {
  return new Command("images")
    .description("images of workers: which are there, which are on their way; pull and cancel")
    .enablePositionalOptions()
    .addHelpText("after", examples)
    .addCommand(statusCommand(shell), { isDefault: true })
    .addCommand(pullCommand(shell))
    .addCommand(cancelImageCommand(shell))
    .addCommand(reloadCommand(shell))
    .addCommand(historyCommand(shell));
}

function statusCommand(shell: Shell): Command {
  const command = new Command("status")
    .description("what each worker has (without a name: images alone does the same)")
    .option("--worker <worker>", "only this one")
    .option("--watch", "then tell what changes, until Ctrl-C");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack images --json | jq -r '.images[] | select(.state == "ready") | .workerName'

--json: {base: {stamp, recipe}, images: [{workerId, workerName, lost, observedAt, digest, ref, stamp, arch, state, why,
  attempt, method, cause, asked, progress, failure, cancelledBy, seq, since}], engines: [{workerId, engine}]}; with --watch
  then a line for each event: {event, image}`,
    )
    .action(shell.does((options: StatusOptions) => status(options, shell)));
}

async function status(options: StatusOptions, shell: Shell): Promise<ExitCode> {
  const { worker = "", json = false, watch = false } = options;
  const client = await connect(options, shell);
  const list = await client.images(worker, shell.outside.stopping);
  if (json) {
    const { base, images, engines } = list;
    const known = base === undefined ? {} : { base: { stamp: base.stamp, recipe: base.recipe } };
    const all = [...engines].map(([workerId, engine]) => ({ workerId, engine: engine ?? null }));
    shell.json({ ...known, images: images.map(imageJson), engines: all });
  } else shell.out(imageTable(list, shell.paint));
  return watch ? await watchOn(options, shell) : exitCodes.ok;
}

/** Until Ctrl-C. */
async function watchOn({ worker = "", json = false, ...at }: StatusOptions, shell: Shell): Promise<ExitCode> {
  const { outside } = shell;
  const { clock, random, stopping, terminal } = outside;
  const client = await connect(at, shell);
  const lines = imageScreen({ ...outside, terminal: { ...terminal, live: false } }, shell.paint);
  const link = { clock, random, onBroken: (why: string): void => lines.reconnecting(why) };
  const open = () => client.watchImages({ worker, ref: "", untilEnd: false }, stopping);
  const known = new Map<string, WorkerImage>();
  for await (const { kind, image } of resumed(
    open,
    () => 0,
    () => false,
    link,
    stopping,
  )) {
    const key = `${image.workerId} ${image.status.digest}`;
    const shown = latest(known.get(key), image);
    if (shown === undefined) continue;
    known.set(key, shown);
    if (json) shell.out(`${JSON.stringify({ event: kind, image: imageJson(shown) })}\n`);
    else if (kind !== "end") lines.show([shown]);
  }
  return exitCodes.ok;
}
