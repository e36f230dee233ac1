/** `haversack workers drain`: nothing new, and nothing left. */

import { FaultError, formatDuration } from "@haversack/base";
import type { HaversackClient, WorkerInfo } from "@haversack/protocol";
import { Command, Option } from "commander";
import type { ExitCode } from "../exit-codes.ts";
import { resumed } from "../follow/link.ts";
import { duration, withConnection, withJson } from "../options.ts";
import { printable } from "../print/printable.ts";
import type { Shell } from "../shell.ts";
import { connect } from "./dag-options.ts";
import { type ReasonOptions, slots, tell, workerHelp } from "./workers-cordon.ts";

interface DrainOptions extends ReasonOptions {
  readonly deadline?: number;
  readonly wait?: boolean;
}

export function drainCommand(shell: Shell): Command {
  const command = new Command("drain")
    .description("give a worker nothing new, and let what runs there end")
    .argument("<worker>", workerHelp)
    .addOption(
      new Option("--deadline <duration>", "end after so long what still runs, and hand it back").argParser(
        duration,
      ),
    )
    .option("--wait", "return when nothing runs there any more")
    .option("--reason <text>", "for whoever looks later");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
What the worker has not started goes to others at once. What is ended by the deadline goes to others too, and does not
count as a failure; a step with \`onWorkerLost: fail\` fails instead. Like a cordon, it lasts until \`haversack workers uncordon\`.

Examples:
  $ haversack workers drain gpu-1 --wait
  $ haversack workers drain gpu-1 --deadline 10m --wait && ssh gpu-1 sudo reboot

--json: {worker: {…}} as \`haversack workers --json\``,
    )
    .action(shell.does((worker: string, options: DrainOptions) => drain(worker, options, shell)));
}

async function drain(name: string, options: DrainOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const { deadline: deadlineMs = 0, reason = "" } = options;
  const worker = await client.drainWorker(name, { reason, deadlineMs }, shell.outside.stopping);
  const called = printable(worker.name);
  const limit =
    deadlineMs === 0 ? "may take as long as it likes" : `is ended in ${formatDuration(deadlineMs)}`;
  if (options.wait === true && worker.availability !== "drained") {
    shell.note(`${called} gets nothing new; ${slots(worker)} left, which ${limit}`);
    return tell(await untilDrained(client, worker, shell), `${called} is drained`, options, shell);
  }
  const left = `${called} gets nothing new; ${slots(worker)} left, which ${limit}`;
  return tell(worker, worker.availability === "drained" ? `${called} is drained` : left, options, shell);
}

async function untilDrained(
  client: HaversackClient,
  { id, name }: WorkerInfo,
  shell: Shell,
): Promise<WorkerInfo> {
  const { clock, random, stopping } = shell.outside;
  const onBroken = (why: string): void => shell.note(`the connection broke (${why}); trying again`);
  const watch = (): ReturnType<HaversackClient["watchWorkers"]> => client.watchWorkers(id, stopping);
  let used: number | undefined;
  for await (const { workers } of resumed(
    watch,
    () => 0,
    () => false,
    { clock, random, onBroken },
    stopping,
  )) {
    const [worker] = workers;
    if (worker === undefined) continue;
    if (worker.availability === "drained") return worker;
    if (worker.availability !== "draining") {
      const message = `${name} is no longer to be drained: somebody ended the drain`;
      throw new FaultError("conflict", "not_draining", message);
    }
    if (worker.slotsUsed !== used && used !== undefined) shell.note(`${slots(worker)} left`);
    used = worker.slotsUsed;
  }
  throw new FaultError("unavailable", "watch_ended", "the coordinator ended the watch of its workers");
}
