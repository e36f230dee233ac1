/** The program of an agent step's process: reads its assignment from stdin, runs it, writes the result to descriptor 3. */

import { once } from "node:events";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { invariant, type Ports, silentLog, systemClock, systemRandom } from "@haversack/base";
import { type Assignment, type Downward, formatLine, parseDownward, type Upward } from "./assignment.ts";
import { runAgent } from "./run-agent.ts";

// The package would print its warnings among the model's own words.
globalThis.AI_SDK_LOG_WARNINGS = false;

const ports: Ports = { clock: systemClock, random: systemRandom, log: silentLog };
const stopping = new AbortController();
const upward = new Socket({ fd: 3, readable: false, writable: true });
// The worker is gone; there is nobody to tell.
upward.on("error", () => stopping.abort(new Error("the worker is gone")));
process.on("SIGTERM", () => stopping.abort(new Error("stopped")));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function hear<Kind extends Downward["kind"]>(kind: Kind): Promise<Extract<Downward, { kind: Kind }>> {
  const line = await lines.next();
  if (line.done === true) throw new Error("the worker ended the conversation");
  const message = parseDownward(line.value);
  invariant(message.kind === kind, `expected ${kind}, got ${message.kind}`);
  return message as Extract<Downward, { kind: Kind }>;
}

async function tell(message: Upward): Promise<void> {
  if (!upward.write(formatLine(message))) await once(upward, "drain");
}

/** The last thing that is heard is the end of stdin: the worker died, or has seen our result. */
async function watchWorker(): Promise<void> {
  const next = await lines.next();
  if (next.done === true) stopping.abort(new Error("the worker is gone"));
}

async function run(assignment: Assignment): Promise<void> {
  const end = await runAgent(
    assignment,
    {
      ports,
      // Not waited for: notes are short and few, and their order is kept.
      note: (text) => void tell({ kind: "note", text }).catch(() => {}),
      turnEnded: (report) => void tell(report).catch(() => {}),
      say: async (text) => {
        if (!process.stdout.write(text)) await once(process.stdout, "drain");
      },
      askSecrets: async (secrets) => {
        await tell({ kind: "need", secrets: [...secrets] });
        const { values } = await hear("secrets");
        void watchWorker();
        return values;
      },
    },
    stopping.signal,
  );
  await tell(end);
}

await run(await hear("assignment"));
// Both pipes are flushed before the process goes; stdin would hold it open for ever.
upward.end(() => process.stdin.destroy());
