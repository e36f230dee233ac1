/** What `haversack start` leaves for people, and how it names places and itself. */

import { join, relative } from "node:path";
import type { HaversackClient, RunDetail } from "@haversack/protocol";
import { dataFolderName } from "../connect.ts";
import { flagsOf } from "../options.ts";
import { commandName } from "../print/run-result.ts";
import { saveWhole } from "../save-whole.ts";
import type { Shell } from "../shell.ts";
import type { StartSettings } from "../start/settle.ts";

/** Brings every report of the run to where a person finds it. */
export async function saveReports(
  client: HaversackClient,
  run: RunDetail,
  settings: StartSettings,
  shell: Shell,
): Promise<void> {
  const flags = flagsHere(settings, shell);
  const { stopping } = shell.outside;
  for (const step of run.steps) {
    if (!step.artifacts.some((artifact) => artifact.path === reportName)) continue;
    const file = join(settings.dataDir, "reports", run.id, reportName);
    await saveWhole(
      client.artifact({ runId: run.id, stepId: step.id, path: reportName }, stopping),
      file,
      stopping,
    );
    shell.out(`  ${shell.paint.faint("the report:")}    ${shown(file, shell)}\n`);
    if (step.snapshotDigest === undefined) continue;
    shell.out(
      `  ${shell.paint.faint("its snapshot:")}  ${commandName} snapshot inspect ${run.id}/${step.id}${flags}\n`,
    );
  }
  shell.out("\n");
}

const reportName = "REPORT.md";

/** The other commands find the usual data folder by themselves. */
export function flagsHere({ dataDir }: StartSettings, shell: Shell): string {
  const isUsual = dataDir === join(shell.outside.cwd, dataFolderName);
  return isUsual ? "" : flagsOf({ data: shown(dataDir, shell) });
}

/** As a person in the current folder would write it. */
export function shown(path: string, { outside }: Shell): string {
  const short = relative(outside.cwd, path);
  return short === "" || short.startsWith("..") ? path : short;
}
