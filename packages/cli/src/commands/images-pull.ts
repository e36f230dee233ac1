/** `haversack images pull`: begins a download on workers, or joins it, and shows it to its end. */

import { FaultError } from "@haversack/base";
import type { HaversackClient, WorkerImage } from "@haversack/protocol";
import { isAtEnd } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { followImages } from "../follow/follow-images.ts";
import { collect, withConnection, withJson } from "../options.ts";
import { imageScreen } from "../print/image-screen.ts";
import { failureText, imageJson } from "../print/image-text.ts";
import { printable, printableInOne } from "../print/printable.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";
import { type Target, targetsOf } from "./images-targets.ts";

interface PullOptions extends DagOptions {
  readonly worker?: readonly string[];
  readonly pool?: string;
  readonly wait: boolean;
}

const help = `
REF is \`base\` when it is left out, a digest, or an image by digest. What fails and is tried again is waited for.
Ctrl-C ends the command, not the download.

Exit codes: 0 ready · 1 failed · 3 cancelled, or the coordinator cannot be reached · 130 interrupted; the pull goes on

Examples:
  $ haversack images pull --worker host-3
  $ haversack images pull --pool gpu --no-wait

--json: {images: [{…}]} as \`haversack images --json\``;

export function pullCommand(shell: Shell): Command {
  const command = new Command("pull")
    .description("have workers fetch an image now")
    .argument("[ref]", "which image (default: base)")
    .option("--worker <worker>", "name or id; several times", collect)
    .option("--pool <pool>", "all connected workers with this label pool")
    .option("--no-wait", "return when it has begun");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", help)
    .action(shell.does((ref: string | undefined, options: PullOptions) => pull(ref, options, shell)));
}

async function pull(ref = "base", options: PullOptions, shell: Shell): Promise<ExitCode> {
  const { stopping } = shell.outside;
  const { worker: workers = [], pool } = options;
  if (workers.length > 0 && pool !== undefined)
    throw new FaultError("invalid", "usage", "give --worker or --pool, not both");
  const client = await connect(options, shell);
  const targets = await targetsOf(client, { workers, pool, ref }, stopping);
  const begun = await begin(client, targets, shell);
  if (!options.wait) return tell(begun, options, shell, exitCodes.ok);
  const ended = begun.every(({ status }) => isAtEnd(status))
    ? begun
    : await follow(client, targets, options, shell);
  if (ended === undefined) return exitCodes.interrupted;
  return tell(ended, options, shell, exitCodeOf(ended));
}

async function begin(
  client: HaversackClient,
  targets: readonly Target[],
  shell: Shell,
): Promise<readonly WorkerImage[]> {
  const pulls = await Promise.all(
    targets.map(({ worker, ref }) => client.pullImage(worker, ref, shell.outside.stopping)),
  );
  for (const { resumed, image } of pulls)
    if (resumed) shell.note(`${printable(image.workerName)}: it is under way already; this joins it`);
  return pulls.map(({ image }) => image);
}

/** Undefined: interrupted. */
async function follow(
  client: HaversackClient,
  targets: readonly Target[],
  { json }: PullOptions,
  shell: Shell,
): Promise<readonly WorkerImage[] | undefined> {
  const { outside } = shell;
  const screen = imageScreen(outside, shell.paint);
  const quiet = { show: (): void => {}, reconnecting: (why: string) => screen.reconnecting(why) };
  try {
    const asked = { client, of: targets, screen: json === true ? quiet : screen, outside };
    return await followImages(asked, outside.stopping);
  } catch (error) {
    if (!outside.stopping.aborted) throw error;
    const ways = targets.map(
      ({ name, ref }) => `haversack images cancel --worker ${printable(name)} ${printable(ref)}`,
    );
    shell.note(`\nthe pull goes on; stop it with ${ways.join(", ")}`);
    return undefined;
  } finally {
    if (json !== true) screen.end();
  }
}

function tell(images: readonly WorkerImage[], { json }: PullOptions, shell: Shell, code: ExitCode): ExitCode {
  if (json === true) {
    shell.json({ images: images.map(imageJson) });
    return code;
  }
  for (const { workerName, status } of images) {
    const what = `${printable(workerName)}: ${printable(status.ref)}${status.stamp === undefined ? "" : ` ${printable(status.stamp)}`}`;
    const { failure, why } = status;
    const because =
      failure === undefined
        ? why === undefined
          ? ""
          : `: ${printableInOne(why)}`
        : `: ${failureText(failure)}`;
    const text = `${what} is ${status.state}${because}\n`;
    shell.out(text);
  }
  return code;
}

function exitCodeOf(images: readonly WorkerImage[]): ExitCode {
  const states = new Set(images.map(({ status }) => status.state));
  if ([...states].some((state) => state !== "ready" && state !== "cancelled")) return exitCodes.imageFailed;
  return states.has("cancelled") ? exitCodes.imageCancelled : exitCodes.ok;
}
