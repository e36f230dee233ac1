/** What the verbs of `haversack store` tell a person. */

import type { Backup, Checked, PutIn, Restored } from "@haversack/coordinator";
import { bytes } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { printableLines } from "./printable.ts";
import { table } from "./table.ts";

export function backupText({ path, manifest, problems }: Backup, paint: Paint): string {
  const rows = manifest.databases.map(({ path: file, schema, size, counts }) => [
    file,
    `schema ${schema}`,
    bytes(size),
    runsIn(counts),
  ]);
  const { blobs } = manifest;
  if (blobs !== undefined) rows.push(["blobs/", "", bytes(blobs.bytes), counted(blobs.count, "artifact")]);
  const wrong = problems.map(({ digest, state }) => `${paint.bad(state)}  ${digest}\n`).join("");
  const warning =
    wrong === "" ? "" : `${paint.bad("not in it")}, for they were not whole here already:\n${wrong}`;
  return `${table([paint.good("backup"), "", "", ""], rows)}${warning}${path}\n`;
}

export function restoredText(
  { manifest, generation, aside }: Restored,
  dataDir: string,
  paint: Paint,
): string {
  const lines = [
    `${paint.good("restored")} the backup of ${manifest.madeAt} into ${dataDir}`,
    `generation ${generation}: what workers did after the backup is not accepted`,
  ];
  if (aside !== undefined) lines.push(`what was there before lies in ${aside}`);
  return `${lines.join("\n")}\n`;
}

/** What went into PostgreSQL: each table with the rows and the digest that both sides have. */
export function putText({ tables, generation }: PutIn, paint: Paint): string {
  const rows = tables.map(({ table: name, rows: count, digest }) => [
    name,
    String(count),
    digest.slice(0, 16),
  ]);
  return `${table(["TABLE", "ROWS", "DIGEST"], rows)}${paint.good("all equal")}; generation ${generation}\n`;
}

export interface MigratedTold {
  readonly dryRun: boolean;
  readonly backup?: string;
  readonly databases: readonly {
    readonly name: string;
    readonly schema: number;
    readonly due: readonly { readonly version: number; readonly name: string }[];
  }[];
}

export function migratedText({ dryRun, backup, databases }: MigratedTold, paint: Paint): string {
  const rows = databases.flatMap(({ name, schema, due }) => {
    const first = [name, schema === 0 ? "none yet" : `schema ${schema}`];
    if (due.length === 0) return [[...first, paint.good("up to date")]];
    const done = dryRun ? "would apply" : "applied";
    return due.map((step, index) => [
      ...(index === 0 ? first : ["", ""]),
      `${done} ${step.version} ${step.name}`,
    ]);
  });
  const saved = backup === undefined ? "" : `the databases as they were before: ${backup}\n`;
  return `${table(["DATABASE", "WAS", ""], rows)}${saved}`;
}

/** One line for each check, with its faults under it. */
export function checkedText(checks: readonly Checked[], paint: Paint): string {
  const lines = checks.flatMap(({ id, holds, ok, faults, more }) => [
    `${ok ? paint.good("ok   ") : paint.bad("FAULT")}  ${id.padEnd(24)}  ${holds}`,
    ...faults.map((fault) => `       ${printableLines(fault, 9)}`),
    ...(more ? ["       …"] : []),
  ]);
  const bad = checks.filter(({ ok }) => !ok).length;
  const end =
    bad === 0
      ? `${counted(checks.length, "check")}, no fault`
      : paint.bad(`${bad} of ${counted(checks.length, "check")} found faults`);
  return `${[...lines, end].join("\n")}\n`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

function runsIn({ run, log_chunk: chunks }: Readonly<Record<string, number>>): string {
  if (run !== undefined) return counted(run, "run");
  return chunks === undefined ? "" : counted(chunks, "piece");
}
