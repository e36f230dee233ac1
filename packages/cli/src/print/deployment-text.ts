/** Deployments, for people. */

import { formatDuration } from "@haversack/base";
import type { DeploymentInfo, DeploymentReport, DeploymentState, PublishedPort } from "@haversack/protocol";
import { moment } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { printable, printableInOne, printableLines } from "./printable.ts";
import { table } from "./table.ts";

export function deploymentTable(list: readonly DeploymentInfo[], paint: Paint): string {
  const rows = list.map((info) => [
    printable(info.name),
    stateText(info, paint),
    info.revision === 0 ? "-" : String(info.revision),
    printable(info.workerName ?? info.workerId ?? "-"),
    info.report === undefined ? "-" : urlText(info.report),
    info.report === undefined ? printable(info.image) : originText(info.report),
    info.deployedAt === undefined ? "-" : moment(info.deployedAt),
    info.note === undefined ? "" : printableInOne(info.note),
  ]);
  return table(["NAME", "STATE", "REVISION", "WORKER", "URL", "FROM", "DEPLOYED", "NOTE"], rows);
}

const brushes = {
  deploying: "busy",
  running: "good",
  stopped: "bad",
  missing: "bad",
  unknown: "busy",
  "needs-secrets": "busy",
  orphan: "bad",
  abandoned: "faint",
  failed: "bad",
} as const satisfies Record<DeploymentState, keyof Paint>;

function stateText({ state, healthy, exitCode }: DeploymentInfo, paint: Paint): string {
  const more = state === "stopped" && exitCode !== undefined ? ` (${exitCode})` : "";
  const ill = state === "running" && healthy === false ? ", unhealthy" : "";
  return paint[brushes[state]](`${state}${more}${ill}`);
}

const urlText = ({ ports }: DeploymentReport): string => {
  const [first] = ports;
  return first === undefined ? "-" : printable(addressOf(first));
};

const addressOf = ({ address, hostPort }: PublishedPort): string =>
  address.includes(":") ? `http://[${address}]:${hostPort}` : `http://${address}:${hostPort}`;

/** `from image 2026.11.1`, or `built`. */
function originText({ path, stamp, imageDigest, fellBack }: DeploymentReport): string {
  if (path === "build") return fellBack ? "built, the image failed" : "built";
  return `from image ${printable(stamp ?? imageDigest?.slice(0, 19) ?? "")}`.trimEnd();
}

/** After a deploy: where it is, how it came to be, and what each phase took. */
export function deployedText(info: DeploymentInfo, paint: Paint): string {
  const { name, state, workerName, report } = info;
  const where = workerName === undefined ? "" : ` on ${printable(workerName)}`;
  const lines = [`${paint.strong(printable(name))} is ${stateText(info, paint)}${where}`];
  if (report !== undefined) lines.push(...reportLines(report));
  if (info.note !== undefined && state !== "running") lines.push(`  ${printableLines(info.note, 4)}`);
  return `${lines.join("\n")}\n`;
}

function reportLines(report: DeploymentReport): string[] {
  const { path, reason, phases, ports, failures } = report;
  const how = path === "build" ? "this deploy builds" : originText(report);
  return [
    ...ports.map((port) => `  ${printable(addressOf(port))} → ${port.containerPort}`),
    ...(path === undefined ? [] : [`  ${how}${reason === "" ? "" : `: ${printableLines(reason, 4)}`}`]),
    ...(phases.length === 0
      ? []
      : [`  ${phases.map(({ name, ms }) => `${name} ${formatDuration(ms)}`).join(" · ")}`]),
    ...failures.map((failure) => `  failed: ${printableLines(failure, 4)}`),
  ];
}

export function deploymentDetail(info: DeploymentInfo, paint: Paint): string {
  const rows: [string, string | undefined][] = [
    ["revision", info.revision === 0 ? undefined : String(info.revision)],
    ["image", info.image === "" ? undefined : printable(info.image)],
    ["container", info.container === undefined ? undefined : printable(info.container)],
    ["engine", info.report?.engine],
    ["deployed", info.deployedAt === undefined ? undefined : moment(info.deployedAt)],
    ["seen", info.seenAt === undefined ? undefined : moment(info.seenAt)],
    ["removed at", info.expiresAt === undefined ? undefined : moment(info.expiresAt)],
    ["step", info.runId === undefined ? undefined : `${info.runId}/${info.stepId ?? ""}`],
    ["note", info.note === undefined ? undefined : printableLines(info.note, 13)],
  ];
  const told = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name.padEnd(10)} ${value}\n`],
  );
  const last =
    info.lastLines === undefined
      ? ""
      : `\n${paint.faint("the last it wrote:")}\n${printableLines(info.lastLines)}\n`;
  const { note: _, ...plain } = info;
  return `${deployedText(plain, paint)}${told.join("")}${last}`;
}
