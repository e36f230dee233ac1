/** What holds where neither step, profile, DAG nor config.yaml says anything. Secure before convenient. */

import type { MemoryWriteMode } from "../format/content.ts";
import type { LayerSettings } from "./settings.ts";

export const builtInSettings = {
  engine: "builtin",
  skills: [],
  // No network, no question to a person, no memory: those have to be asked for.
  tools: ["read", "write", "edit", "glob", "grep", "bash", "todo", "skill", "output"],
  mcpServers: [],
  limits: { maxTurns: 50, maxTokens: 400_000, maxToolOutputBytes: 65_536 },
  // `bash` needs rules of its own: which commands are harmless depends on the work.
  permissions: { deny: [], ask: [], allow: ["read(**)", "write(**)", "edit(**)"], default: "deny" },
  onAsk: "suspend",
  onUnknownEffect: "ask",
  sandbox: "auto",
  network: [],
} as const satisfies LayerSettings;

export const builtInWrite: MemoryWriteMode = "none";

/** Tools that a worker has by itself; those of MCP servers are called `mcp__<server>__<tool>`. */
export const workerTools: readonly string[] = [
  "ask_user",
  "bash",
  "edit",
  "fetch",
  "glob",
  "grep",
  "memory",
  "output",
  "read",
  "skill",
  "think",
  "todo",
  "write",
];
