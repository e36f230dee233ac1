/** The program of a deployed agent: opens the snapshot that lies in its container and answers over HTTP until SIGTERM. */

import { messageOf, type Ports, pause, silentLog, systemClock, systemRandom } from "@haversack/base";
import { agentServer } from "./agent-server.ts";
import { openAgent } from "./served-agent.ts";
import { settleServe } from "./settings.ts";

// The package would print its warnings among our own lines.
globalThis.AI_SDK_LOG_WARNINGS = false;

/** What a turn that is stopped may take to end its tools; whoever stops us waits 5 s. */
const stopMs = 4000;
const ports: Ports = { clock: systemClock, random: systemRandom, log: silentLog };
const note = (line: string) => void process.stdout.write(`${line}\n`);
const told = new AbortController();
// The third is how LXD and Incus stop a container.
for (const signal of ["SIGTERM", "SIGINT", "SIGPWR"] as const) process.on(signal, () => told.abort());

async function serve(): Promise<void> {
  const settings = settleServe(process.argv.slice(2), process.env);
  const agent = await openAgent(settings, { ports, env: process.env, note });
  const server = agentServer({ ...settings, agent });
  await server.start(told.signal);
  const what = agent === undefined ? "without an agent" : `${agent.digest} with ${agent.models.join(", ")}`;
  note(`agent server at ${server.url}: ${what}`);
  await new Promise<void>((resolve) => {
    if (told.signal.aborted) resolve();
    else told.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([server.stop("now"), pause(ports.clock, stopMs, new AbortController().signal)]);
}

try {
  await serve();
  process.exit(0);
} catch (error) {
  process.stderr.write(`agent server: ${messageOf(error)}\n`);
  process.exit(1);
}
