/** The smallest agent that a container can be tried with: one tool, one model that is never asked in a rehearsal. */

import { buildPin } from "@haversack/snapshot";

export function smokePack(): Uint8Array {
  return buildPin({
    dag: "smoke",
    step: "smoke",
    config: {
      profile: "smoke",
      engine: "builtin",
      instructions: "Say what you were asked.",
      modelChain: ["none"],
      soul: null,
      skills: [],
      tools: ["think"],
      mcpServers: [],
      limits: { maxTurns: 5, maxTokens: 100_000, maxCostUsd: null, maxToolOutputBytes: 65_536 },
      permissions: { deny: [], ask: [], allow: [], default: "allow" },
      effects: {},
      onAsk: "fail",
      onUnknownEffect: "ask",
      sandbox: "none",
      network: [],
      memory: { read: [], write: { global: "none", dag: "none" }, dag: null },
    },
    models: [
      {
        id: "none",
        name: "none",
        provider: "openai-compatible",
        model: "none",
        baseURL: "http://127.0.0.1:9/v1",
        apiKey: null,
        headers: {},
        reasoning: null,
        temperature: null,
        contextWindow: null,
        maxOutputTokens: null,
        input: ["text"],
        cost: null,
        worker: {},
        providerOptions: {},
      },
    ],
    skills: [],
    souls: [],
    included: [],
    allowedStrings: new Set(),
  }).gzip;
}
