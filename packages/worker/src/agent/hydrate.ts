/**
 * From the bytes of a pack to what an attempt works with. All of it happens before the first turn: an agent step never
 * starts with a missing item, and never falls back to what happens to lie on the worker.
 */

import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, messageOf } from "@haversack/base";
import { digestToBytes, parseDigest } from "@haversack/protocol";
import {
  type EffectiveConfig,
  type ModelSpec,
  type OpenedSnapshot,
  openSnapshot,
  settleLimits,
  writeSkills,
} from "@haversack/snapshot";
import type { Assignment, SecretReference } from "./assignment.ts";
import { type StepMemory, stepMemory } from "./step-memory.ts";
import type { SkillOnDisk } from "./tools/skill-tool.ts";
import { Workspace } from "./tools/workspace.ts";

export interface HydratedAgent {
  readonly config: EffectiveConfig;
  /** In the order of the chain. */
  readonly models: readonly ModelSpec[];
  readonly skills: readonly SkillOnDisk[];
  readonly soul: string | undefined;
  readonly memory: readonly StepMemory[];
  /** What the pack needs and does not hold. */
  readonly secrets: readonly SecretReference[];
  readonly workspace: Workspace;
}

/** Throws the snapshot's errors (`snapshot_corrupt`, ...) and the refusals below. */
export async function hydrate(assignment: Assignment): Promise<HydratedAgent> {
  const snapshot = await open(assignment);
  const { config, secrets } = snapshot.content;
  refuseWhatIsNotThere(config);
  const folder = join(assignment.controlFolder, "skills");
  await writeSkills(snapshot, folder);
  const skillsFolder = await realpath(folder);
  const skills = await skillsOnDisk(snapshot, skillsFolder);
  return {
    config,
    models: await Promise.all(config.modelChain.map((id) => snapshot.models.get(id))),
    skills,
    soul: config.soul === null ? undefined : (await snapshot.souls.get(config.soul)).text,
    memory: await stepMemory(snapshot),
    secrets,
    workspace: new Workspace(
      await realpath(assignment.workFolder),
      skills.length > 0 ? skillsFolder : undefined,
    ),
  };
}

async function open(assignment: Assignment): Promise<OpenedSnapshot> {
  const bytes = await readFile(assignment.packFile).catch((cause: unknown) => {
    const message = `the snapshot cannot be read from the worker's cache: ${messageOf(cause)}`;
    throw new FaultError("corrupt", "snapshot_corrupt", message, { cause });
  });
  const digest = digestToBytes(parseDigest(assignment.snapshot.digest));
  return openSnapshot(bytes, { ...assignment.snapshot, digest }, settleLimits(assignment.snapshotLimits));
}

/** A setting that this version cannot honour is an error: to go on without it would be to ignore it. */
function refuseWhatIsNotThere(config: EffectiveConfig): void {
  if (config.sandbox !== "none") {
    throw new FaultError(
      "invalid",
      "sandbox_unavailable",
      `the step asks for the sandbox "${config.sandbox}", and this version has none; write "sandbox: none" in config.yaml, the profile or the step to let tools run unprotected, as the user of the worker`,
    );
  }
  const [server] = config.mcpServers;
  if (server !== undefined) {
    throw new FaultError(
      "invalid",
      "mcp_unavailable",
      `the step uses the MCP server "${server.name}", and this version cannot start any; remove it from mcpServers`,
    );
  }
}

async function skillsOnDisk({ skills }: OpenedSnapshot, folder: string): Promise<SkillOnDisk[]> {
  const summaries = await skills.list();
  return Promise.all(
    summaries.map(async ({ name, description }) => ({
      name,
      description,
      body: await skills.instructions(name),
      folder: join(folder, name),
      files: (await skills.files(name)).map(({ path }) => path),
    })),
  );
}
