/** A plan and its packs, for people and for scripts: what is in, why, and what is decided later. */

import { digestOfBytes } from "@haversack/protocol";
import type { DeferredDag, Inclusion } from "@haversack/snapshot";
import { bytes } from "../print/moment.ts";
import type { Paint } from "../print/paint.ts";
import { printable } from "../print/printable.ts";
import { table } from "../print/table.ts";
import { problemJson } from "./problems.ts";
import type { BuildOutcome, BuiltStep } from "./snapshot-build-plan.ts";

export function buildText({ steps, deferred }: BuildOutcome, paint: Paint): string {
  if (steps.length === 0 && deferred.length === 0) return "no step is an agent: no snapshot is needed\n";
  const blocks = steps.map((step) => stepText(step, paint));
  if (steps.length > 1) blocks.push(unionText(steps));
  if (deferred.length > 0) blocks.push(deferredText(deferred, paint));
  return blocks.join("\n");
}

function stepText(built: BuiltStep, paint: Paint): string {
  const { name, plan, pack } = built;
  const { compressedSize, uncompressedSize, report } = pack;
  const place =
    plan.place === undefined ? "" : `  ${paint.faint(printable(`${plan.place.file}:${plan.place.line}`))}`;
  const secrets = report.secrets.length === 0 ? "none" : `${report.secrets.join(", ")} (names only)`;
  const head = [
    `${paint.strong(printable(name))}${place}`,
    `  ${digestOfBytes(pack.digest)}`,
    `  ${bytes(compressedSize)} packed, ${bytes(uncompressedSize)} unpacked, format ${pack.formatVersion}`,
    `  requires ${report.requires.join(", ") || "nothing"}; secrets ${printable(secrets)}`,
  ];
  return `${head.join("\n")}\n\n${table(["SECTION", "ID", "SIZE", "DIGEST", "WHY"], rows(built, paint))}`;
}

function rows(built: BuiltStep, paint: Paint): string[][] {
  const parts = built.pack.report.parts.flatMap(({ section, id, size, digest, why, files }) => [
    [section, printable(id), bytes(size), paint.faint(shortDigest(digest)), printable(why)],
    ...files.map((file) => ["", paint.faint(`  ${printable(file)}`)]),
  ]);
  const servers = included(built, "mcpServers").map(({ id, why }) => [
    "mcpServers",
    printable(id),
    "in config",
    "",
    printable(why),
  ]);
  const later = memoryOf(built).filter((scope) => !scope.included);
  const memory = later.map(({ scope, why }) => [
    "memory",
    printable(scope),
    paint.busy("read when the step starts"),
    "",
    printable(why),
  ]);
  return [...parts, ...servers, ...memory];
}

/** What comes after `sha256:`, as far as a person compares it. */
const shortDigest = (digest: string): string => digest.slice("sha256:".length, "sha256:".length + 12);

const included = ({ plan }: BuiltStep, section: Inclusion["section"]): Inclusion[] =>
  plan.included.filter((each) => each.section === section);

/** The scopes that the step reads; a pin holds none of them. */
function memoryOf(built: BuiltStep) {
  const held = new Set(
    built.pack.report.parts.filter(({ section }) => section === "memory").map(({ id }) => id),
  );
  return included(built, "memory").map(({ id, why }) => ({ scope: id, why, included: held.has(id) }));
}

/** Each different part once: what the whole walk needs. */
function union(steps: readonly BuiltStep[]): { readonly parts: number; readonly uncompressedSize: number } {
  const parts = new Map(
    steps.flatMap(({ pack }) =>
      pack.report.parts.map(({ section, id, digest, size }): [string, number] => [
        `${section}/${id} ${digest}`,
        size,
      ]),
    ),
  );
  return { parts: parts.size, uncompressedSize: [...parts.values()].reduce((sum, size) => sum + size, 0) };
}

function unionText(steps: readonly BuiltStep[]): string {
  const { parts, uncompressedSize } = union(steps);
  const sum = steps.reduce((total, { pack }) => total + pack.uncompressedSize, 0);
  return `together: ${parts} different parts, ${bytes(uncompressedSize)} unpacked; in ${steps.length} packs ${bytes(sum)}\n`;
}

const whyDeferred = {
  "no DAG store": "planned at submission: there is no DAG store here to read it from",
  "dynamic name": "its name is an expression: planned when the child run is created",
} as const satisfies Record<DeferredDag["why"], string>;

function deferredText(deferred: readonly DeferredDag[], paint: Paint): string {
  const rows = deferred.map(({ dag, step, use, why }) => [
    printable(`${dag}/${step}`),
    printable(use),
    whyDeferred[why],
  ]);
  return `${paint.busy("not planned here")}\n${table(["STEP", "DAG", "WHY"], rows)}`;
}

export function buildJson(
  { steps, deferred, problems }: BuildOutcome,
  files: ReadonlyMap<string, string>,
): object {
  return {
    valid: problems.length === 0,
    problems: problems.map(problemJson),
    steps: problems.length > 0 ? [] : steps.map((step) => stepJson(step, files.get(step.name))),
    deferred,
    union: union(problems.length > 0 ? [] : steps),
  };
}

function stepJson(built: BuiltStep, file: string | undefined): object {
  const { name, plan, pack } = built;
  const { formatVersion, compressedSize, uncompressedSize, report } = pack;
  return {
    name,
    dag: plan.dag,
    step: plan.step,
    formatVersion,
    digest: digestOfBytes(pack.digest),
    compressedSize,
    uncompressedSize,
    ...report,
    mcpServers: included(built, "mcpServers").map(({ id, why }) => ({ id, why })),
    memory: memoryOf(built),
    ...(file === undefined ? {} : { file }),
  };
}
