/** `haversack deploy`: one container that stays on a worker's host, by a run of one step. */

import type { DeploymentInfo, HaversackClient, RunDetail } from "@haversack/protocol";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { submit, submitCall } from "../follow/submit.ts";
import { collect, collectPair, usage, withConnection, withJson } from "../options.ts";
import { deploymentJson } from "../print/deployment-json.ts";
import { deployedText } from "../print/deployment-text.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";
import { type DeployAsked, deployDag } from "./deploy-dag.ts";
import { tellStarted } from "./tell-started.ts";

export interface DeployOptions extends DagOptions, DeployAsked {
  readonly again?: boolean;
  /** False: do not wait for the end. */
  readonly wait: boolean;
  readonly idempotencyKey?: string;
}

const examples = `
The same name replaces what stands under it. Nothing is touched when it is the same and well.

Examples:
  $ haversack deploy web --port 8080 --health-http /healthz:8080 -- node server.js
  $ haversack deploy bot --agent analyst --secret TOKEN=bot-token --worker-label zone=a
  $ haversack deploy db --image ghcr.io/owner/db@sha256:0123… --volume data:/var/lib/db --health-tcp 5432
  $ haversack deploy preview --ttl 2h --port 3000 --no-wait
  $ haversack deploy --again web                       what was deployed last under the name

What is not given here (restart, pids, other ways of health) is said in a DAG: docs/dag.md, "Deploy steps".
Exit codes as with \`haversack run --follow\`; with --no-wait it ends once the run is stored.
--json: one object a line as \`run --follow\` prints them, at last {"type":"deployment"…}; with --no-wait the run.`;

export function deployCommand(shell: Shell): Command {
  const command = new Command("deploy")
    .description("leave a container running on a worker's host")
    .argument("<name>", "lower-case letters and digits, joined by single hyphens")
    .argument("[command...]", "program and arguments, behind --; the image's own when left out")
    .option("--again", "what was deployed last under the name")
    .option("--image <ref>", "an image by digest (default: the base image)")
    .option("--agent <profile>", "a profile of the agent library")
    .option("--env <name=value>", "a variable of the container; may be given several times", collectPair)
    .option("--port <n>", "a port that it listens on; may be given several times", collect)
    .option("--health-http <path:port>", "well when this path answers 2xx, such as /healthz:8080")
    .option("--health-tcp <port>", "well when it takes connections")
    .option("--worker-label <name=value>", "only such a worker; may be given several times", collectPair)
    .option("--secret <variable=name>", "a secret of the vault, as the file VARIABLE", collectPair)
    .option("--volume <name:path[:ro]>", "a named volume; may be given several times", collect)
    .option("--memory <size>", "at most so much, such as 512Mi")
    .option("--cpu <cores>", "at most so many, such as 0.5")
    .addOption(new Option("--replace <how>", "the one before").choices(["stop-first", "start-first"]))
    .option("--ttl <duration>", "removed so long after it was deployed, such as 2h")
    .option("--wait-for-image <duration>", "how long it may wait for the base image to arrive")
    .option("--no-wait", "do not wait for its end")
    .option("--idempotency-key <key>", "at most one run under this key (default: a new one)");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(
      shell.does((name: string, words: readonly string[], options: DeployOptions) =>
        deploy(name, words, options, shell),
      ),
    );
}

async function deploy(
  name: string,
  words: readonly string[],
  options: DeployOptions,
  shell: Shell,
): Promise<ExitCode> {
  const dag = options.again === true ? undefined : deployDag(name, words, options);
  if (dag === undefined) refuseOthers(words, options);
  const connected = await connect(options, shell);
  const run =
    dag === undefined ? await again(connected, name, shell) : await submitted(connected, dag, options, shell);
  return await told(connected, { name, run, options }, shell);
}

/** What was deployed last says all that there is to say. */
function refuseOthers(words: readonly string[], options: DeployOptions): void {
  const isPlain = words.length === 0 && sayWhat.every((key) => options[key] === undefined);
  if (isPlain && options.idempotencyKey === undefined) return;
  throw usage("--again deploys exactly what was deployed last; leave the other options out");
}

/** Those that say what is deployed. */
const sayWhat = [
  "image",
  "agent",
  "env",
  "port",
  "healthHttp",
  "healthTcp",
  "workerLabel",
  "secret",
  "volume",
  "memory",
  "cpu",
  "replace",
  "ttl",
  "waitForImage",
] as const satisfies (keyof DeployOptions)[];

async function again(client: HaversackClient, name: string, { outside }: Shell): Promise<RunDetail> {
  return await client.run(await client.redeploy(name, outside.stopping), outside.stopping);
}

async function submitted(
  client: HaversackClient,
  dag: string,
  options: DeployOptions,
  shell: Shell,
): Promise<RunDetail> {
  const { outside } = shell;
  const idempotencyKey = options.idempotencyKey ?? outside.random.id();
  const submission = { dag, fileName: "deploy.yaml", params: {}, idempotencyKey };
  const { run, existed } = await shell.traced(submitCall, (place) =>
    submit(client, { ...submission, ...place }, (text) => shell.note(text), outside),
  );
  if (existed) shell.note(`run ${run.id} had been submitted under this key already`);
  return run;
}

interface Told {
  readonly name: string;
  readonly run: RunDetail;
  readonly options: DagOptions & { readonly wait: boolean };
}

/** Of a deploy, or of a removal: its run to its end, and what stands then. */
export async function told(
  client: HaversackClient,
  { name, run, options }: Told,
  shell: Shell,
): Promise<ExitCode> {
  const code = await tellStarted(client, run, { ...options, follow: options.wait }, shell);
  if (!options.wait) return code;
  const { stopping } = shell.outside;
  const stands = await client.deployment(name, stopping).catch((): DeploymentInfo | undefined => undefined);
  if (options.json === true) {
    const shown = stands === undefined ? { name } : deploymentJson(stands);
    shell.out(`${JSON.stringify({ type: "deployment", ...shown })}\n`);
  } else if (stands !== undefined) shell.out(deployedText(stands, shell.paint));
  else if (code === exitCodes.ok) shell.out(`nothing stands as ${name} any more\n`);
  return code;
}
