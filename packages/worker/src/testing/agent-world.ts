/** One agent step for tests: a pack of its own, the real executor and its child, a model on the wire. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@haversack/base";
import {
  digestOfBytes,
  type JsonObject,
  parseGeneration,
  parseRunId,
  parseStepId,
  parseWorkerId,
  type SnapshotDescriptor,
  type Task,
} from "@haversack/protocol";
import {
  addMemory,
  buildPin,
  type EffectiveConfig,
  formatNotes,
  limitsFromEnvironment,
  type ModelSpec,
  type Note,
  notesPath,
  type Pack,
  type StepPlan,
} from "@haversack/snapshot";
import { AgentExecutor } from "../execute/agent-executor.ts";
import type { AttemptLog, StopRequest, WorkEnd } from "../execute/executor.ts";
import { hostSecrets } from "../execute/secret-source.ts";
import { openStepHost } from "../execute/step-host.ts";
import { makeMasker } from "../mask/masker.ts";
import { type FakeModel, startFakeModel } from "./fake-model.ts";

export const key = "canary-key-123456";

export const config: EffectiveConfig = {
  profile: "p",
  engine: "builtin",
  instructions: "Be brief.",
  modelChain: ["main"],
  soul: "s",
  skills: ["greet"],
  tools: ["bash", "output", "read", "skill", "write"],
  mcpServers: [],
  limits: { maxTurns: 10, maxTokens: 100_000, maxCostUsd: null, maxToolOutputBytes: 65_536 },
  permissions: { deny: [], ask: [], allow: [], default: "allow" },
  effects: {},
  onAsk: "fail",
  onUnknownEffect: "ask",
  sandbox: "none",
  network: [],
  memory: { read: ["dag"], write: { global: "none", dag: "none" }, dag: "d" },
};

export const model: ModelSpec = {
  id: "main",
  name: "main",
  provider: "openai-compatible",
  model: "fake",
  baseURL: { env: "HAVERSACK_MODEL_URL" },
  apiKey: { env: "FAKE_API_KEY" },
  headers: {},
  reasoning: null,
  temperature: null,
  contextWindow: null,
  maxOutputTokens: 1000,
  input: ["text"],
  cost: null,
  worker: {},
  providerOptions: {},
};

export interface Setup {
  readonly script: Parameters<typeof startFakeModel>[0];
  readonly config?: Partial<EffectiveConfig>;
  readonly models?: readonly ModelSpec[];
  readonly schema?: JsonObject;
  readonly hostEnv?: readonly (readonly [string, string])[];
  readonly formatVersion?: number;
  /** In the place of the pack that is made from the settings above. */
  readonly pack?: Pack;
  /** Notes of agents in the scope of the DAG, beside what a person wrote. */
  readonly notes?: readonly Note[];
  /** Files in the work folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Changes the bytes in the cache. */
  readonly damage?: (bytes: Uint8Array, time: number) => Uint8Array;
  /** Stops the step at the first line that matches. */
  readonly stopAt?: { readonly line: RegExp; readonly stop: StopRequest };
}

export interface Ran {
  readonly end: WorkEnd;
  readonly notes: string[];
  readonly text: string;
  readonly work: string;
  readonly model: FakeModel;
  readonly fetched: number;
}

/** @param base an empty folder. */
export async function runAgentStep(base: string, setup: Setup): Promise<Ran> {
  const [work, control, packs] = [join(base, "work"), join(base, "control"), join(base, "packs")];
  for (const folder of [work, control, packs]) await mkdir(folder);
  for (const [name, content] of Object.entries(setup.files ?? {})) await writeFile(join(work, name), content);
  await using model = await startFakeModel(setup.script);
  const { gzip, snapshot } = pack(setup);
  const notes: string[] = [];
  let text = "";
  let fetched = 0;
  const stopping = new AbortController();
  const log: AttemptLog = {
    write: async (stream, data) => {
      text += stream === "stdout" ? Buffer.from(data).toString() : "";
      if (stream === "stderr") notes.push(Buffer.from(data).toString());
    },
    note: (line) => {
      notes.push(line);
      if (setup.stopAt?.line.test(line) === true) stopping.abort(setup.stopAt.stop);
    },
  };
  const hostEnv = new Map([
    ["PATH", process.env["PATH"] ?? ""],
    ["HAVERSACK_MODEL_URL", model.url],
    ["FAKE_API_KEY", key],
    ["HAVERSACK_TOKEN", "worker-token-canary"],
    ...(setup.hostEnv ?? []),
  ]);
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const executor = new AgentExecutor({
    ports,
    hostEnv,
    host: await openStepHost(
      { ending: "auto", workerId: systemRandom.id(), path: process.env["PATH"] ?? "" },
      ports,
    ),
    workerId: parseWorkerId("w1"),
    nodePath: process.execPath,
    packFile: async () => {
      fetched += 1;
      const file = join(packs, `${fetched}.gz`);
      await writeFile(file, setup.damage?.(gzip.slice(), fetched) ?? gzip);
      return file;
    },
    dropPack: async () => {},
    snapshotLimits: limitsFromEnvironment(Object.fromEntries(hostEnv)),
  });
  const masker = makeMasker();
  const secrets = hostSecrets({ hostEnv, fileFolders: [] });
  const env = new Map([["STEP_VALUE", "from the step"]]);
  const context = { folders: { work, control }, log, env, masker, secret: secrets.resolve.bind(secrets) };
  const end = await executor.execute(taskOf(snapshot, setup), context, stopping.signal);
  return { end, notes, text, work, model, fetched };
}

export function pack(setup: Omit<Setup, "script">): { gzip: Uint8Array; snapshot: SnapshotDescriptor } {
  const models = setup.models ?? [model];
  const plan: StepPlan = {
    dag: "d",
    step: "s1",
    config: { ...config, modelChain: models.map(({ id }) => id), ...setup.config },
    models,
    skills: [
      {
        name: "greet",
        description: "Greets",
        allowedTools: [],
        files: [
          {
            path: "SKILL.md",
            mode: "0644",
            text: "---\nname: greet\ndescription: Greets\n---\nRun scripts/hi.sh\n",
          },
          {
            path: "scripts/hi.sh",
            mode: "0755",
            text: '#!/bin/bash\necho "hi from $(pwd -P | xargs basename)"\n',
          },
        ],
      },
    ],
    souls: [{ id: "s", name: "S", description: "", text: "Calm." }],
    included: [],
    allowedStrings: new Set(),
  };
  const memory = {
    dag: {
      text: "- The sky is blue. <!-- m:01KA5Z8Q2V9N4C7T1E6R3B8WXY s:human -->\n",
      topics: setup.notes === undefined ? [] : [{ path: notesPath, text: formatNotes(setup.notes) }],
    },
  };
  const built = setup.pack ?? addMemory(buildPin(plan).gzip, memory);
  return {
    gzip: built.gzip,
    snapshot: {
      formatVersion: setup.formatVersion ?? built.formatVersion,
      digest: digestOfBytes(built.digest),
      compressedSize: built.compressedSize,
      uncompressedSize: built.uncompressedSize,
    },
  };
}

function taskOf(snapshot: SnapshotDescriptor, { schema }: Setup): Task {
  return {
    ref: {
      runId: parseRunId(systemRandom.id()),
      stepId: parseStepId("s1"),
      generation: parseGeneration("g1"),
      attempt: 1,
    },
    dagName: "d",
    env: new Map(),
    inputs: [],
    artifacts: [],
    outputs: [],
    work: {
      kind: "agent",
      prompt: "Greet.",
      snapshot,
      ...(schema !== undefined && { outputSchema: schema }),
    },
  };
}
