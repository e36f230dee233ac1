/** `haversack doctor`: whether this machine and the way to the coordinator are fit for their work. */

import { resolve } from "node:path";
import { messageOf } from "@haversack/base";
import { Command, Option } from "commander";
import { dataFolderName, findCoordinator } from "../connect.ts";
import { type Check, examine, problem, type Report, type Verdict, warning } from "../doctor/check.ts";
import { coordinatorChecks } from "../doctor/coordinator-checks.ts";
import { hostChecks } from "../doctor/host-checks.ts";
import { stepChecks } from "../doctor/step-checks.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, withJson } from "../options.ts";
import type { Paint } from "../print/paint.ts";
import { printable } from "../print/printable.ts";
import type { Shell } from "../shell.ts";

interface DoctorOptions {
  readonly json?: boolean;
  readonly coordinator?: string;
  readonly token?: string;
  readonly data?: string;
}

const examples = `
Every check ends within seconds, says what it found and, where something is amiss, what to do. Exit code 1: there is a problem;
warnings do not count.

Examples:
  $ haversack doctor
  $ haversack doctor --coordinator http://10.0.0.5:7420 --json | jq '.checks[] | select(.verdict != "ok")'

--json: {healthy, checks: [{name, verdict, found, advice}]}; verdict: ok, warning or problem`;

export function doctorCommand(shell: Shell): Command {
  const command = new Command("doctor")
    .description("check this machine, and the way to the coordinator")
    .addOption(new Option("--coordinator <url>", "address of the coordinator").env("HAVERSACK_URL"))
    .addOption(new Option("--token <token>", "HAVERSACK_TOKEN is better: it stays out of `ps`"))
    .option("--data <dir>", "data folder (default: the nearest .haversack)");
  return withJson(command, "JSON")
    .addHelpText("after", examples)
    .action(shell.does((options: DoctorOptions) => doctor(options, shell)));
}

async function doctor(options: DoctorOptions, shell: Shell): Promise<ExitCode> {
  const { outside, paint } = shell;
  const dataDir = resolve(outside.cwd, options.data ?? outside.env.HAVERSACK_DATA ?? dataFolderName);
  const nodeVersion = outside.nodeVersion;
  const checks = [
    ...hostChecks({ outside, dataDir, nodeVersion }),
    ...stepChecks(outside),
    ...(await wayThere(options, shell)),
  ];
  const reports: Report[] = [];
  for await (const report of examine(checks, outside.clock, outside.stopping)) {
    reports.push(report);
    if (options.json !== true) shell.out(reportText(report, paint));
  }
  const healthy = reports.every(({ verdict }) => verdict !== "problem");
  if (options.json === true) shell.json({ healthy, checks: reports });
  return healthy ? exitCodes.ok : exitCodes.problem;
}

/** Without a coordinator that is named or found here, the machine alone is looked at. */
async function wayThere(options: DoctorOptions, shell: Shell): Promise<readonly Check[]> {
  const { coordinator, token, data } = options;
  const { outside } = shell;
  const find = () => findCoordinator(given({ url: coordinator, token, data }), "admin", outside);
  const client = async () => shell.clientFor(await find());
  try {
    const url = coordinator ?? (await find()).url;
    const parsed = URL.parse(url);
    if (parsed !== null) return coordinatorChecks({ url: parsed, outside, client });
    const wrong = problem(`${url} is no address`, "such as http://127.0.0.1:7420");
    return [{ name: "coordinator", look: async () => wrong }];
  } catch (error) {
    const none = warning(messageOf(error), "name it with --coordinator to have the way to it checked");
    return [{ name: "coordinator", look: async () => none }];
  }
}

const marks = { ok: "ok", warning: "warning", problem: "PROBLEM" } as const satisfies Record<Verdict, string>;

function reportText({ name, verdict, found, advice }: Report, paint: Paint): string {
  const brush = { ok: paint.good, warning: paint.busy, problem: paint.bad }[verdict];
  const line = `${brush(marks[verdict].padEnd(8))} ${name.padEnd(19)} ${printable(found)}\n`;
  return advice === undefined ? line : `${line}${" ".repeat(29)}${paint.faint(`→ ${printable(advice)}`)}\n`;
}
