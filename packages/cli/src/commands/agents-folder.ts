/** The agent library that a command without a coordinator reads, as `haversack start` takes it. */

import { stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { FaultError } from "@haversack/base";
import { Option } from "commander";
import type { Shell } from "../shell.ts";
import { exampleAgents } from "../start/settle.ts";

export interface AgentsFolder {
  readonly folder: string;
  /** As a person in the current folder writes it, and as problems name it. */
  readonly label: string;
}

export const agentsOption = (): Option =>
  new Option("--agents <dir>", "agent library (default: examples/agents)").env("HAVERSACK_AGENTS");

/** Rejects with `missing` when there is no such folder: an empty library would hide the mistake. */
export async function agentsFolder(
  asked: string | undefined,
  { outside: { cwd } }: Shell,
): Promise<AgentsFolder> {
  const folder = asked === undefined ? exampleAgents : resolve(cwd, asked);
  const short = relative(cwd, folder);
  const label = asked ?? (short === "" || short.startsWith("..") ? folder : short);
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return { folder, label };
  throw new FaultError(
    "missing",
    "unknown_folder",
    `there is no folder ${label} to read an agent library from`,
  );
}
