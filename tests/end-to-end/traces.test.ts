/** Traces, with real processes and a receiver that reads what they send: one trace from the client to each step. */

import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { parseRunId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { Fleet, haversack } from "../support/fleet.ts";
import { OtlpReceiver, type ReceivedSpan } from "../support/otlp-receiver.ts";
import { tempFolder } from "../support/temp-folder.ts";

const timeLimit = { timeout: 120_000 };
const canary = "canary-5f1c9d";

const dag = `
name: traced
params:
  word: { type: string }
steps:
  - id: first
    env: { WORD: "\${{ params.word }}" }
    run: echo "\${TRACEPARENT-}"
  - id: second
    depends: [first]
    run: echo "\${TRACEPARENT-}"
`;

async function runFile(fleet: Fleet, text: string, env: NodeJS.ProcessEnv, args: readonly string[] = []) {
  const file = join(fleet.folder, "traced.yaml");
  await writeFile(file, text);
  const end = await haversack(["run", file, "--data", fleet.data, "--json", ...args], env);
  expect(end.stderr).toBe("");
  return parseRunId((JSON.parse(end.stdout) as { id: string }).id);
}

const named = (spans: readonly ReceivedSpan[], name: string, service?: string) =>
  spans.find((span) => span.name === name && (service === undefined || span.service === service));
const submitName = "haversack.v1.RunService/Submit";

test(
  "one trace goes from the client to each step, and the programs of a step join it",
  timeLimit,
  async () => {
    await using receiver = await OtlpReceiver.start();
    const { env } = receiver;
    await using fleet = await Fleet.start({ env });
    await fleet.startWorker("one");
    const run = await runFile(fleet, dag, env, ["-p", `word=${canary}`]);
    const { run: ended } = await fleet.finished(run);
    expect(ended.status).toBe("succeeded");

    const spans = await receiver.until(
      (all) => named(all, "run traced") !== undefined && named(all, "attempt second") !== undefined,
    );
    const client = named(spans, submitName, "haversack-cli");
    const submit = named(spans, submitName, "haversack-coordinator");
    const whole = named(spans, "run traced");
    const attempts = [named(spans, "attempt first"), named(spans, "attempt second")];
    expect(client?.parentId).toBe("");
    expect(submit?.parentId).toBe(client?.spanId);
    expect(whole?.parentId).toBe(submit?.spanId);
    expect(attempts.map((span) => span?.parentId)).toEqual([whole?.spanId, whole?.spanId]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(attempts[0]?.attributes).toMatchObject({
      "haversack.run.id": run,
      "haversack.step.id": "first",
      "haversack.attempt": 1,
      "haversack.dag.name": "traced",
      "haversack.outcome": "succeeded",
      "haversack.worker.name": "one",
    });
    expect(whole?.attributes).toMatchObject({ "haversack.run.id": run, "haversack.outcome": "succeeded" });
    for (const [index, step] of ["first", "second"].entries()) {
      const { traceId, spanId } = attempts[index] ?? {};
      expect((await fleet.log(run, step)).trim()).toBe(`00-${traceId}-${spanId}-01`);
    }
    expect(Buffer.concat(receiver.bodies).includes(canary)).toBe(false);
  },
);

test(
  "a child run is a part of its trace; a retry has one of its own and names the run it repeats",
  timeLimit,
  async () => {
    await using receiver = await OtlpReceiver.start();
    const { env } = receiver;
    await using fleet = await Fleet.start({ env });
    await fleet.startWorker("one");
    const family = `
name: family
steps:
  - id: inner
    dag: { use: small }
dags:
  small:
    steps:
      - id: leaf
        retry: { limit: 1, delay: 10ms }
        run: exit 1
`;
    const run = await runFile(fleet, family, env);
    expect((await fleet.finished(run)).run.status).toBe("failed");
    const spans = await receiver.until(
      (all) =>
        all.filter(({ name }) => name === "attempt leaf").length === 2 &&
        named(all, "run family") !== undefined,
    );
    const whole = named(spans, "run family");
    const child = named(spans, "run small");
    const [first, second] = spans.filter(({ name }) => name === "attempt leaf");
    expect(child?.parentId).toBe(whole?.spanId);
    expect([first?.parentId, second?.parentId]).toEqual([child?.spanId, child?.spanId]);
    expect(second?.links).toEqual([first?.spanId]);
    expect([whole?.failed, child?.failed, first?.failed]).toEqual([true, true, true]);

    const again = await haversack(["retry", run, "--data", fleet.data, "--json"], env);
    expect(again.code).toBe(0);
    const retried = await receiver.until(
      (all) => all.filter(({ name }) => name === "run family").length === 2,
    );
    const repeat = retried.filter(({ name }) => name === "run family")[1];
    expect(repeat?.traceId).not.toBe(whole?.traceId);
    expect(repeat?.links).toEqual([whole?.spanId]);
  },
);

test("the turns of an agent lie within its attempt, with their model and tokens", timeLimit, async () => {
  await using receiver = await OtlpReceiver.start();
  await using folder = await tempFolder("haversack-traces");
  const args = ["start", "--once", "--data", join(folder.path, "data"), "--listen", "127.0.0.1:0"];
  const end = await haversack(args, { ...receiver.env, HAVERSACK_MODEL: "rehearsal" });
  expect(end.code).toBe(0);
  const spans = receiver.spans;
  const attempt = spans.find(({ attributes }) => attributes["haversack.step.kind"] === "agent");
  const turns = spans.filter(
    ({ parentId, name }) => parentId === attempt?.spanId && name.startsWith("chat "),
  );
  expect(attempt?.attributes).toMatchObject({ "gen_ai.operation.name": "invoke_agent" });
  const sum = (name: string) => turns.reduce((all, { attributes }) => all + Number(attributes[name]), 0);
  expect(turns.length).toBe(attempt?.attributes["haversack.agent.turns"]);
  expect(sum("gen_ai.usage.output_tokens")).toBe(attempt?.attributes["gen_ai.usage.output_tokens"]);
  // All three processes have sent what they had before they ended.
  const services = ["haversack-cli", "haversack-coordinator", "haversack-worker"];
  expect([...new Set(spans.map(({ service }) => service))].toSorted()).toEqual(services);
});

test("a trace goes through a coordinator and a worker that make no spans", timeLimit, async () => {
  await using fleet = await Fleet.start();
  await fleet.startWorker("one");
  const given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const run = await runFile(fleet, dag, { TRACEPARENT: given, TRACESTATE: "vendor=1" }, ["-p", "word=x"]);
  await fleet.finished(run);
  expect((await fleet.log(run, "first")).trim()).toBe(given);
  const none = await runFile(fleet, dag, { TRACEPARENT: `${given}-more` }, ["-p", "word=x"]);
  await fleet.finished(none);
  expect((await fleet.log(none, "first")).trim()).toBe("");
});

test("a receiver that takes and never answers changes nothing, and holds up no end", timeLimit, async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket.on("error", () => {})));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  const port = typeof address === "object" ? address?.port : 0;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
  try {
    await using fleet = await Fleet.start({ env });
    const worker = await fleet.startWorker("one");
    const run = await runFile(fleet, dag, env, ["-p", "word=x"]);
    expect((await fleet.finished(run)).run.status).toBe("succeeded");
    expect((await worker.kill("SIGTERM")).code).toBe(0);
    expect((await fleet.coordinator?.kill("SIGTERM"))?.code).toBe(0);
    expect(sockets.size).toBeGreaterThan(0);
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
  }
});
