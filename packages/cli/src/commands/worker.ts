import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FaultError, formatDuration, type StopMode } from "@haversack/base";
import { Command, Option } from "commander";
import { dataFolderName, findCoordinator, tokenIn } from "../connect.ts";
import { exitCodes } from "../exit-codes.ts";
import { collectPair, duration, given, prefetchOption, wholeNumber } from "../options.ts";
import { stopInOrder, tellStop, untilInterrupted } from "../serve.ts";
import type { Shell } from "../shell.ts";
import { type WorkerImageOptions, withWorkerImages } from "./image-options.ts";

interface WorkerOptions extends WorkerImageOptions {
  readonly url?: string;
  readonly coordinator?: string;
  readonly join?: string;
  readonly joinFile?: string;
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
  readonly prefetchBaseImage?: string;
  readonly deploy?: string;
  readonly takes?: string;
}

const slotsMax = 1024;
const examples = `
On the coordinator's machine it finds address and token by itself (the nearest .haversack). Elsewhere it joins once with what
haversack join-token create prints there, and proves itself with its certificate from then on:

Examples:
  $ HAVERSACK_JOIN_TOKEN=hj1_... haversack worker --coordinator https://ci.example:7420
  $ haversack worker --slots 4 --label pool=gpu --name gpu-1

The first Ctrl-C (or SIGTERM) lets running steps finish and takes no new ones; the second ends them, and they go to others.`;

export function workerCommand(shell: Shell): Command {
  return withWorkerImages(new Command("worker"))
    .description("run a worker in this terminal until Ctrl-C")
    .addOption(
      new Option("--url <url>", "address of the coordinator; of several on one database with commas").env(
        "HAVERSACK_URL",
      ),
    )
    .option("--coordinator <url>", "the same as --url")
    .option(
      "--join <token>",
      "join token; HAVERSACK_JOIN_TOKEN and --join-file are better: they stay out of `ps`",
    )
    .option("--join-file <file>", "file with mode 0600 that holds the join token")
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
    .addOption(prefetchOption())
    .option(
      "--deploy <engine>",
      "run deployments: auto, docker, podman, lxd or incus, or such as docker=/run/docker.sock (HAVERSACK_DEPLOY; default: off)",
    )
    .option(
      "--takes <steps>",
      "all, or deploys: no commands and agents, which could use the engine as the worker can (HAVERSACK_TAKES; default: all)",
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
  const { coordinator, ...credentials } = await credentialsOf(options, shell);
  const { slots, name, drainTimeout: drainTimeoutMs, healthListen, deploy, takes } = options;
  const { prefetchBaseImage, imagesMaxRate } = options;
  const imagesDir = options.imagesDir === undefined ? undefined : resolve(cwd, options.imagesDir);
  const labels = options.label === undefined ? undefined : Object.fromEntries(options.label);
  const dataDir = resolve(cwd, options.data ?? join(options.coordinatorData ?? dataFolderName, "worker"));
  const asked = {
    coordinator,
    ...credentials,
    dataDir,
    ...given({ slots, name, labels, drainTimeoutMs, healthListen, deploy, takes }),
    ...given({ prefetchBaseImage, imagesMaxRate, imagesDir }),
  };
  const worker = createWorker(asked, env, { clock, random, log: outside.openLog("worker") });
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
    tellStop(first, "ending what runs; others will do it again", outside, (text) => shell.note(text));
    await stopInOrder(worker, mode, outside);
  }
  return exitCodes.ok;
}

interface Credentials {
  readonly coordinator: string;
  readonly token?: string;
  readonly joinToken?: string;
  readonly localCaFile?: string;
}

/** A join token, the token of a coordinator on this machine, or nothing for one that has joined. */
async function credentialsOf(options: WorkerOptions, { outside }: Shell): Promise<Credentials> {
  const { coordinatorData: data, joinFile, tokenFile } = options;
  const { cwd, env } = outside;
  const url = options.coordinator ?? options.url;
  const join = joinFile === undefined ? options.join : await joinTokenIn(joinFile, cwd);
  const joinToken = join ?? (env["HAVERSACK_JOIN_TOKEN"] || undefined);
  const token = tokenFile === undefined ? options.token : await tokenIn(tokenFile, cwd);
  const isTold = (token ?? env["HAVERSACK_TOKEN"] ?? "") !== "";
  if (
    url !== undefined &&
    data === undefined &&
    (joinToken !== undefined || (url.startsWith("https:") && !isTold))
  )
    return { coordinator: url, ...given({ joinToken }) };
  const found = await findCoordinator(given({ url, token, data }), "worker", outside);
  return {
    coordinator: found.url,
    token: found.token,
    ...given({ joinToken, localCaFile: found.localCa }),
  };
}

/** It would let anybody join who can read it. */
async function joinTokenIn(file: string, cwd: string): Promise<string> {
  const token = await tokenIn(file, cwd);
  const { mode } = await stat(resolve(cwd, file));
  if ((mode & 0o077) === 0) return token;
  const message = `${file} can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 it`;
  throw new FaultError("invalid", "join_file_readable", message);
}
