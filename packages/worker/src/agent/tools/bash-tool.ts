/** `bash`: a command in the work folder, in a process tree of its own, with a time limit and capped output. */

import { type Ms, type Ports, pause } from "@haversack/base";
import { z } from "zod";
import { type ProcessExit, type ProcessTree, startProcess } from "../../execute/process-tree.ts";
import type { Masker } from "../../mask/masker.ts";
import { HeadAndTail } from "./head-and-tail.ts";
import { defineTool, type Tool, text } from "./tool.ts";
import { skillsVariable, type Workspace } from "./workspace.ts";

const bashLimits = {
  timeoutMs: 120_000,
  timeoutMsMax: 600_000,
  outputBytesMax: 65_536,
  graceMs: 2000,
} as const;

/** Its value differs for each call, so a call's processes are told from those of the agent and of other calls. */
const callVariable = "HAVERSACK_TOOL_CALL";

export interface BashOptions {
  readonly workspace: Workspace;
  readonly ports: Ports;
  /** The whole environment of a command but the two variables that are added here. */
  readonly env: ReadonlyMap<string, string>;
  readonly outputBytesMax: number;
  readonly masker: Masker;
  /** The step may reach hosts outside. */
  readonly hasNetwork: boolean;
}

type Ending = ProcessExit | { readonly kind: "timeout" } | { readonly kind: "stopped" };

export function bashTool(options: BashOptions): Tool {
  const { workspace } = options;
  return defineTool({
    name: "bash",
    readsOutside: options.hasNetwork,
    description: `Runs a command with bash in the work folder, for at most ${bashLimits.timeoutMs / 1000} s if not told otherwise. Nothing that it starts lives on after it.`,
    input: z.object({
      command: z.string().min(1).max(16_384),
      timeoutSeconds: z
        .int()
        .min(1)
        .max(bashLimits.timeoutMsMax / 1000)
        .optional(),
    }),
    prepare({ command, timeoutSeconds }) {
      const shown = withVariable(command, workspace.skills);
      return {
        subjects: [{ tool: "bash", value: shown }],
        summary: shown.replaceAll(/\s+/g, " "),
        summaryCharactersMax: 160,
        run: async (signal) => {
          const timeoutMs = timeoutSeconds === undefined ? bashLimits.timeoutMs : timeoutSeconds * 1000;
          return text(await run(options, command, timeoutMs, signal));
        },
      };
    },
  });
}

/** Rules name the skills folder by its variable, since its real path is another one for each attempt. */
function withVariable(command: string, skills: string | undefined): string {
  return skills === undefined ? command : command.replaceAll(`${skills}/`, `$${skillsVariable}/`);
}

async function run(
  options: BashOptions,
  command: string,
  timeoutMs: Ms,
  signal: AbortSignal,
): Promise<string> {
  const { workspace, ports } = options;
  const env = new Map(options.env);
  env.set(callVariable, ports.random.id());
  if (workspace.skills !== undefined) env.set(skillsVariable, workspace.skills);
  const argv = ["bash", "-c", command];
  const tree = startProcess(
    { argv, cwd: workspace.work, env, markedBy: callVariable, channel: "none" },
    ports.clock,
  );
  const stdout = new HeadAndTail(tree.stdout, options.outputBytesMax, options.masker);
  const stderr = new HeadAndTail(tree.stderr, options.outputBytesMax, options.masker);
  const ending = await ended(tree, ports, timeoutMs, signal);
  await tree.end(bashLimits.graceMs);
  signal.throwIfAborted();
  await Promise.all([stdout.finish(ports.clock), stderr.finish(ports.clock)]);
  return report(stdout.text(), stderr.text(), ending, timeoutMs);
}

async function ended(tree: ProcessTree, ports: Ports, timeoutMs: Ms, signal: AbortSignal): Promise<Ending> {
  const done = new AbortController();
  const limit = pause(ports.clock, timeoutMs, AbortSignal.any([signal, done.signal])).then(
    (): Ending => ({ kind: "timeout" }),
    (): Ending => ({ kind: "stopped" }),
  );
  const ending = await Promise.race([tree.exit, limit]);
  done.abort();
  return ending;
}

function report(stdout: string, stderr: string, ending: Ending, timeoutMs: Ms): string {
  const parts = [stdout.replace(/\n$/, "")];
  if (stderr !== "") parts.push(`[stderr]\n${stderr.replace(/\n$/, "")}`);
  if (ending.kind === "exited" && ending.code !== 0) parts.push(`[exit code ${ending.code}]`);
  if (ending.kind === "killed") parts.push(`[killed by ${ending.signal}]`);
  if (ending.kind === "not-started") parts.push(`[bash cannot be started: ${ending.code}]`);
  if (ending.kind === "timeout") parts.push(`[ended after its time limit of ${timeoutMs / 1000} s]`);
  const all = parts.filter((part) => part !== "").join("\n");
  return all === "" ? "[no output]" : all;
}
