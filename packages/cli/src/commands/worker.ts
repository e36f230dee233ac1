import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FaultError, formatDuration, messageOf, type StopMode } from "@haversack/base";
import { Command, Option } from "commander";
import { type Coordinates, dataFolderName, findCoordinator } from "../connect.ts";
import { exitCodes } from "../exit-codes.ts";
import { collectPair, duration, given, wholeNumber } from "../options.ts";
import { stopInOrder, tellStop, untilInterrupted } from "../serve.ts";
import type { Shell } from "../shell.ts";

interface WorkerOptions {
  readonly url?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly coordinatorData?: string;
  readonly data?: string;
  readonly slots?: number;
  readonly name?: string;
  readonly label?: ReadonlyMap<string, string>;
  readonly endWithInput?: boolean;
  readonly drainTimeout?: number;
  readonly healthListen?: string;
}

const slotsMax = 1024;
const examples = `
On the coordinator's machine it finds address and token by itself (the nearest .haversack). Elsewhere:

Examples:
  $ haversack worker --url http://10.0.0.5:7420 --token-file ./worker.token
  $ haversack worker --slots 4 --label pool=gpu --name gpu-1

The first Ctrl-C (or SIGTERM) lets running steps finish and takes no new ones; the second ends them, and they go to others.`;

export function workerCommand(shell: Shell): Command {
  return new Command("worker")
    .description("run a worker in this terminal until Ctrl-C")
    .addOption(
      new Option("--url <url>", "address of the coordinator; of several on one database with commas").env(
        "HAVERSACK_URL",
      ),
    )
    .option(
      "--token <token>",
      "worker token; HAVERSACK_TOKEN and --token-file are better: they stay out of `ps`",
    )
    .option("--token-file <file>", "file that holds the worker token")
    .option("--coordinator-data <dir>", "data folder of a coordinator on this machine")
    .addOption(new Option("--data <dir>", "the worker's own data folder").env("HAVERSACK_WORKER_DATA"))
    .addOption(new Option("--slots <n>", "steps at a time").argParser(wholeNumber(1, slotsMax)))
    .option("--label <name=value>", "what steps may ask for; may be given several times", collectPair)
    .addOption(
      new Option("--drain-timeout <duration>", "how long a stop waits for running steps (default: no limit)")
        .argParser(duration)
        .env("HAVERSACK_DRAIN_TIMEOUT"),
    )
    .addOption(
      new Option("--health-listen <host:port>", "loopback address of /livez, /readyz and /metrics").env(
        "HAVERSACK_HEALTH_LISTEN",
      ),
    )
    .option("--name <name>", "name for people (default: the host's)")
    .addOption(new Option("--end-with-input", "end when standard input ends").hideHelp())
    .addHelpText("after", examples)
    .action(shell.does((options: WorkerOptions) => serve(options, shell)));
}

async function serve(options: WorkerOptions, shell: Shell): Promise<0> {
  const { outside } = shell;
  const { clock, random, env, cwd } = outside;
  const { createWorker } = await import("@haversack/worker");
  const { url: coordinator, token } = await coordinates(options, shell);
  const { slots, name, drainTimeout: drainTimeoutMs, healthListen } = options;
  const labels = options.label === undefined ? undefined : Object.fromEntries(options.label);
  const dataDir = resolve(cwd, options.data ?? join(options.coordinatorData ?? dataFolderName, "worker"));
  const asked = {
    coordinator,
    token,
    dataDir,
    ...given({ slots, name, labels, drainTimeoutMs, healthListen }),
  };
  const worker = createWorker(asked, env, { clock, random, log: outside.openLog() });
  await worker.start(outside.stopping);
  let mode: StopMode = "drain";
  try {
    shell.out(`worker of ${coordinator}, data in ${dataDir}\n`);
    // Whoever started us is gone, and the coordinator with it: nobody is left to wait for.
    const inputEnds = options.endWithInput === true ? [outside.inputEnded().then(() => (mode = "now"))] : [];
    await Promise.race([untilInterrupted([worker], outside), ...inputEnds]);
  } finally {
    const limit = drainTimeoutMs === undefined ? "" : `, for ${formatDuration(drainTimeoutMs)} at most`;
    const first = `stopping: no new steps; those that run may end${limit}. Another Ctrl-C or SIGTERM ends them`;
    tellStop(first, "ending what runs; others will do it again", shell);
    await stopInOrder(worker, mode, outside);
  }
  return exitCodes.ok;
}

async function coordinates(options: WorkerOptions, { outside }: Shell): Promise<Coordinates> {
  const { url, coordinatorData: data } = options;
  const token =
    options.tokenFile === undefined ? options.token : await tokenIn(options.tokenFile, outside.cwd);
  return findCoordinator(given({ url, token, data }), "worker", outside);
}

async function tokenIn(file: string, cwd: string): Promise<string> {
  try {
    return (await readFile(resolve(cwd, file), "utf8")).trim();
  } catch (error) {
    throw new FaultError("invalid", "token_file", `the token file cannot be read: ${messageOf(error)}`);
  }
}
