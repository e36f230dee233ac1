import { reasonOf } from "@haversack/base";
import { type HaversackClient, isTerminalRun, type RunDetail } from "@haversack/protocol";
import { Command, Option } from "commander";
import { dataFolderName, readLocal, trustFor } from "../connect.ts";
import { type ExitCode, exitCodeOfRun, exitCodes } from "../exit-codes.ts";
import { prepareSubmission } from "../follow/submission.ts";
import { submit, submitCall } from "../follow/submit.ts";
import { collectPair, given, prefetchOption, retentionOption, wholeNumber } from "../options.ts";
import { printable } from "../print/printable.ts";
import { commandName } from "../print/run-result.ts";
import { type Lasting, untilInterrupted } from "../serve.ts";
import type { Shell } from "../shell.ts";
import { type Fleet, startFleet } from "../start/fleet.ts";
import { type StartOptions, type StartSettings, settleStart } from "../start/settle.ts";
import { tellRun } from "../tell-run.ts";
import { type ImageOptions, imagesAsked, withImages, withWorkerImages } from "./image-options.ts";
import { flagsHere, saveReports, shown } from "./start-reports.ts";

const slotsMax = 64;
const earlierShownMax = 500;
const examples = `
Examples:
  $ npm start                                   a report about this checkout, then serves until Ctrl-C
  $ npm start -- --once                         ends with the run: 0 succeeded, 1 failed
  $ npm start -- -p repo=../another-repository  about another one
  $ haversack start --dag mine.yaml --agents ./agents
  $ haversack start --deploy docker --images ./images.json --images-key ./images.pem

The model is --model or HAVERSACK_MODEL, else the one that OPENAI_API_KEY, ANTHROPIC_API_KEY or HAVERSACK_MODEL_URL stands for,
else the rehearsal model: scripted answers over the real wire protocol. Logs go to haversack.log in the data folder.
The web page is at the same address; on a terminal a link is printed that signs in.`;

export function startCommand(shell: Shell): Command {
  const command = new Command("start")
    .description("coordinator, worker and an example run in one go")
    .option("--once", "end with the run")
    .option("--dag <file>", "run this one (default: examples/dags/repo-report.yaml)")
    .option("--no-run", "submit nothing, only serve")
    .option("-p, --param <name=value>", "a parameter; may be given several times", collectPair)
    .addOption(new Option("--data <dir>", "data folder").default(dataFolderName).env("HAVERSACK_DATA"))
    .addOption(
      new Option("--store <url>", "postgres://… in place of the embedded database").env("HAVERSACK_STORE"),
    )
    .addOption(
      new Option("--listen <host:port>", "where to listen (0: any free port)").env("HAVERSACK_LISTEN"),
    )
    .addOption(
      new Option("--agents <dir>", "agent library (default: examples/agents)").env("HAVERSACK_AGENTS"),
    )
    .option("--model <id>", "model of the agents (HAVERSACK_MODEL; default: as below)")
    .option("--vault <dir>", "folder of the secrets (HAVERSACK_VAULT; default: vault in the data folder)")
    .addOption(retentionOption())
    .addOption(new Option("--slots <n>", "steps at a time").argParser(wholeNumber(1, slotsMax)))
    .addOption(prefetchOption())
    .option(
      "--deploy <engine>",
      "let its worker run deployments: auto, docker, podman, lxd or incus (HAVERSACK_DEPLOY; default: off)",
    );
  return withWorkerImages(withImages(command))
    .addHelpText("after", examples)
    .action(shell.does((options: Options) => start(options, shell)));
}

type Options = StartOptions & ImageOptions;

async function start(options: Options, shell: Shell): Promise<ExitCode> {
  const { outside } = shell;
  const settings = settleStart(options, imagesAsked(options, outside.cwd), outside);
  const fleet = await startFleet(settings, outside);
  try {
    return await demonstrate(fleet, settings, shell);
  } finally {
    if (!settings.once) shell.note("stopping: running steps may finish; Ctrl-C again ends them");
    await fleet.stop(settings.once && outside.stopping.aborted ? "now" : "drain");
  }
}

async function demonstrate(fleet: Fleet, settings: StartSettings, shell: Shell): Promise<ExitCode> {
  const trust = await trustFor(
    { url: fleet.url, ...given({ localCa: (await readLocal(settings.dataDir))?.ca }) },
    undefined,
    shell.outside,
  );
  const client = shell.clientFor({ url: fleet.url, token: fleet.adminToken, ...trust });
  greet(fleet, settings, await earlierRuns(client, shell), shell);
  const ended = await whileAlive(fleet.services, shell.outside.stopping, (signal) =>
    submitAndTell(client, settings, shell, signal),
  );
  if (settings.once) {
    shell.out("The run is kept. These commands ask a coordinator: `npm start` serves it again.\n");
    return ended === undefined ? exitCodes.ok : exitCodeOfRun(ended.status);
  }
  const tokenFile = `${shown(settings.dataDir, shell)}/admin.token`;
  const asked = { client, isLive: shell.outside.terminal.live, tokenFile };
  shell.out(`The page: ${await fleet.pageLink(asked, shell.outside.stopping)}\n`);
  shell.out(`Serving at ${fleet.url} until Ctrl-C. In another terminal: ${commandName} --help\n`);
  await untilInterrupted(fleet.services, shell.outside);
  return exitCodes.ok;
}

/** Does the work; when one of the services breaks down, the work is aborted and that is the error. */
async function whileAlive<T>(
  services: readonly Lasting[],
  stopping: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const broken = new AbortController();
  for (const service of services) service.ended.catch((error: unknown) => broken.abort(error));
  try {
    return await work(AbortSignal.any([stopping, broken.signal]));
  } catch (error) {
    throw broken.signal.aborted ? reasonOf(broken.signal) : error;
  }
}

function greet(fleet: Fleet, settings: StartSettings, earlier: string | undefined, shell: Shell): void {
  const { model, logFile } = settings;
  const { strong, faint } = shell.paint;
  const lines = [
    `${strong("haversack")} at ${fleet.url} with one worker  ${faint(`log: ${shown(logFile, shell)}`)}`,
    `model: ${strong(printable(model.id))} (${model.why})`,
  ];
  if (earlier !== undefined) lines.push(`${earlier}: ${commandName} runs${flagsHere(settings, shell)}`);
  shell.out(`${lines.join("\n")}\n\n`);
}

async function earlierRuns(client: HaversackClient, { outside }: Shell): Promise<string | undefined> {
  const { runs, nextPageToken } = await client.runs({ pageSize: earlierShownMax }, outside.stopping);
  if (runs.length === 0) return undefined;
  const more = nextPageToken === "" ? "" : "more than ";
  return `${more}${runs.length} earlier ${runs.length === 1 ? "run" : "runs"}`;
}

async function submitAndTell(
  client: HaversackClient,
  settings: StartSettings,
  shell: Shell,
  signal: AbortSignal,
): Promise<RunDetail | undefined> {
  if (settings.dagFile === undefined) return undefined;
  const { cwd, random } = shell.outside;
  const file = shown(settings.dagFile, shell);
  const submission = await prepareSubmission(file, settings.params, random.id(), cwd);
  const { run } = await shell.traced(submitCall, (place) =>
    submit(client, { ...submission, ...place }, (text) => shell.note(text), shell.outside),
  );
  const whenInterrupted = "the run is kept: it goes on at the next start";
  const asked = { json: false, whenInterrupted, flags: flagsHere(settings, shell) };
  const ended = await tellRun(client, run, asked, shell, signal);
  if (isTerminalRun(ended.status)) await saveReports(client, ended, settings, shell);
  return ended;
}
