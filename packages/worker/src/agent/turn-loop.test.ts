import { type Clock, silentLog, systemRandom } from "@haversack/base";
import type { JsonObject } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { makeMasker } from "../mask/masker.ts";
import { type AskLimits, askLimits, type ChainModel, ModelChain } from "./ask-model.ts";
import { type LlmClient, ModelError, type Part, type TurnRequest } from "./llm-client.ts";
import { makePolicy, type PermissionRules } from "./policy.ts";
import { type OnAsk, ToolBox } from "./tool-box.ts";
import { outputTool } from "./tools/output-tool.ts";
import { defineTool, text } from "./tools/tool.ts";
import { type LoopEnd, LoopError, runTurns } from "./turn-loop.ts";

type Script = (request: TurnRequest, signal: AbortSignal) => readonly Part[] | Promise<readonly Part[]>;

/** Answers turn n with the n-th entry; a thrown error is an answer too. */
class Scripted implements LlmClient {
  readonly requests: TurnRequest[] = [];
  readonly #script: readonly Script[];

  constructor(...script: readonly Script[]) {
    this.#script = script;
  }

  async *turn(request: TurnRequest, signal: AbortSignal): AsyncIterable<Part> {
    this.requests.push({ ...request, messages: [...request.messages] });
    const answer = this.#script[this.requests.length - 1];
    if (answer === undefined) throw new Error("the script is over");
    yield* await answer(request, signal);
  }
}

/** A clock whose timers fire at once, in the order of their times, when nothing else happens. */
class EagerClock implements Clock {
  readonly waits: number[] = [];
  now = (): number => 0;
  monotonic = (): number => 0;
  after(ms: number, call: () => void): { cancel(): void } {
    // The limits of a stream are long; only pauses of the back-off fire.
    if (ms >= 60_000) return { cancel: () => {} };
    this.waits.push(ms);
    const handle = setImmediate(call);
    return { cancel: () => clearImmediate(handle) };
  }
}

const end = (inputTokens = 10, outputTokens = 5): Part => ({
  kind: "end",
  finish: "stop",
  inputTokens,
  outputTokens,
  messages: [{ role: "assistant", content: "..." }],
});
const say =
  (words: string): Script =>
  () => [{ kind: "text", text: words }, end()];
const call =
  (...calls: [string, unknown][]): Script =>
  () => [
    ...calls.map(([tool, input], index): Part => ({ kind: "call", call: { id: `c${index}`, tool, input } })),
    end(),
  ];
const fail =
  (error: Error): Script =>
  () => {
    throw error;
  };
const busy = (retryAfterMs?: number): Error =>
  new ModelError("status 429", { retryable: true, retryAfterMs });

interface Setup {
  readonly models: readonly Scripted[];
  readonly schema?: JsonObject;
  readonly maxTurns?: number;
  readonly maxTokens?: number;
  readonly rules?: Partial<PermissionRules>;
  readonly onAsk?: OnAsk;
  readonly limits?: Partial<AskLimits>;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

const schema: JsonObject = {
  type: "object",
  required: ["n"],
  properties: { n: { type: "integer" } },
  additionalProperties: false,
};

const echo = defineTool({
  name: "echo",
  description: "",
  input: z.object({ say: z.string() }),
  prepare: ({ say }) => ({
    subjects: [{ tool: "echo", value: say }],
    summary: say,
    async run() {
      if (say === "break") throw new Error("broken");
      return text(say);
    },
  }),
});

async function run(setup: Setup): Promise<{ end: LoopEnd; lines: string[]; text: string; waits: number[] }> {
  const clock = setup.clock ?? new EagerClock();
  const lines: string[] = [];
  let said = "";
  const models: ChainModel[] = setup.models.map((client, index) => ({ id: `m${index}`, client }));
  const chain = new ModelChain(models, {
    ports: { clock, random: systemRandom, log: silentLog },
    limits: { ...askLimits, ...setup.limits },
    onText: async (piece) => {
      said += piece;
    },
    note: (line) => lines.push(line),
  });
  const tools = new ToolBox({
    tools: setup.schema === undefined ? [echo] : [echo, outputTool(setup.schema)],
    policy: makePolicy({ deny: [], ask: [], allow: [], default: "allow", ...setup.rules }),
    onAsk: setup.onAsk ?? "fail",
    read: { outside: false },
    masker: makeMasker(["hunter2hunter2"]),
    outputBytesMax: 200,
  });
  const observer = {
    responded: async () => {},
    toolIntended: async (turn: number, { tool }: { tool: string }, summary: string) => {
      lines.push(`${turn} ${tool} ${summary}`);
    },
    toolEnded: async (turn: number, _call: unknown, { text }: { text: string }) => {
      lines.push(`${turn} -> ${text}`);
    },
  };
  const settings = {
    system: "s",
    prompt: "p",
    outputRequired: setup.schema !== undefined,
    maxTurns: setup.maxTurns ?? 10,
    ...(setup.maxTokens !== undefined && { maxTokens: setup.maxTokens }),
  };
  const loopEnd = await runTurns(
    settings,
    { chain, tools, observer },
    setup.signal ?? new AbortController().signal,
  );
  return { end: loopEnd, lines, text: said, waits: clock instanceof EagerClock ? clock.waits : [] };
}

async function failure(setup: Setup): Promise<LoopError> {
  const error: unknown = await run(setup).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof LoopError) return error;
  throw new Error("expected a LoopError", { cause: error });
}

describe("the loop", () => {
  test("ends with the first turn that calls nothing", async () => {
    const model = new Scripted(call(["echo", { say: "a" }], ["echo", { say: "b" }]), say("done"));
    const { end, lines, text } = await run({ models: [model] });
    expect(end).toEqual({ usage: { turns: 2, toolCalls: 2, inputTokens: 20, outputTokens: 10 } });
    expect(lines).toEqual(["1 echo a", "1 -> a", "1 echo b", "1 -> b"]);
    expect(text).toBe("done");
    expect(model.requests[1]?.messages.at(-1)).toMatchObject({
      role: "tool",
      content: [
        { toolCallId: "c0", output: { type: "text", value: "a" } },
        { toolCallId: "c1", output: { type: "text", value: "b" } },
      ],
    });
  });

  test("ends with a valid output, after the other calls of its turn", async () => {
    const { end, lines } = await run({
      models: [new Scripted(call(["output", { n: 3 }], ["echo", { say: "a" }]))],
      schema,
    });
    expect(end.output).toEqual({ n: 3 });
    expect(lines.at(-1)).toBe("1 -> a");
  });

  test("says what is wrong with an output, and takes the next one", async () => {
    const model = new Scripted(call(["output", { n: "x", m: 1 }]), call(["output", { n: 4 }]));
    const { end, lines } = await run({ models: [model], schema });
    expect(end.output).toEqual({ n: 4 });
    expect(lines[1]).toMatch(/expected number/);
  });

  test("reminds once of a missing output", async () => {
    const model = new Scripted(say("ready"), call(["output", { n: 1 }]));
    expect((await run({ models: [model], schema })).end.output).toEqual({ n: 1 });
    expect(model.requests[1]?.messages.at(-1)).toMatchObject({ role: "user", content: /output/ });
    const stubborn = await failure({ models: [new Scripted(say("ready"), say("I said ready"))], schema });
    expect(stubborn.code).toBe("output_missing");
    expect(stubborn.message).toMatch(/I said ready/);
    expect(stubborn.usage.turns).toBe(2);
  });

  test.each([
    ["an unknown tool", ["rm", {}], /there is no tool "rm"; the tools are: echo/],
    ["a wrong input", ["echo", { say: 1 }], /expected string/],
    ["a failing tool", ["echo", { say: "break" }], /internal error: broken/],
    ["a secret in a result", ["echo", { say: "key=hunter2hunter2" }], /^1 -> key=\[secret\]$/],
    ["a long result", ["echo", { say: `a${"x".repeat(300)}z` }], /^1 -> ax+\n\[102 bytes left out\]\nx+z$/],
  ] as [string, [string, unknown], RegExp][])("tells the model of %s", async (_name, asked, expected) => {
    const { lines } = await run({ models: [new Scripted(call(asked), say("ok"))] });
    expect(lines[1]).toMatch(expected);
  });

  test("stops at its limits", async () => {
    const again = Array.from({ length: 9 }, () => call(["echo", { say: "a" }]));
    const turns = await failure({ models: [new Scripted(...again)], maxTurns: 3 });
    expect([turns.code, turns.usage.turns]).toEqual(["turn_limit", 3]);
    const tokens = await failure({ models: [new Scripted(...again)], maxTokens: 40 });
    expect([tokens.code, tokens.usage.turns]).toEqual(["budget_exceeded", 3]);
  });

  test.each([
    ["deny", undefined],
    ["fail", "approval_required"],
    ["suspend", "approval_unavailable"],
  ] as const)("a call that needs approval, with onAsk %s", async (onAsk, code) => {
    const models = [new Scripted(call(["echo", { say: "a" }]), say("ok"))];
    const setup: Setup = { models, onAsk, rules: { ask: ["echo(a)"] } };
    if (code !== undefined) expect((await failure(setup)).code).toBe(code);
    else expect((await run(setup)).lines[1]).toMatch(/not permitted without a person's approval/);
  });

  test("a call that is denied", async () => {
    const { lines } = await run({
      models: [new Scripted(call(["echo", { say: "a" }]), say("ok"))],
      rules: { deny: ["echo"] },
    });
    expect(lines[1]).toBe('1 -> not permitted: the rule deny "echo"');
  });

  test("an abort ends it, and what was used still counts", async () => {
    const stopping = new AbortController();
    const model = new Scripted(call(["echo", { say: "a" }]), () => {
      stopping.abort(new Error("stop"));
      return new Promise(() => {});
    });
    const error = await failure({ models: [model], signal: stopping.signal });
    expect([error.code, error.message, error.usage.turns]).toEqual(["agent_stopped", "stop", 1]);
  });
});

describe("a model that does not answer", () => {
  test("is asked again, after the pause that it wants", async () => {
    const { end, waits, lines } = await run({
      models: [new Scripted(fail(busy(2500)), fail(busy()), say("ok"))],
    });
    expect(end.usage.turns).toBe(1);
    expect(waits[0]).toBe(2500);
    expect(waits[1]).toBeLessThanOrEqual(2000);
    expect(lines[0]).toMatch(/model m0: status 429; asking again in 2.5s/);
  });

  test("is left for the next one after five retries, and not gone back to", async () => {
    const first = new Scripted(...Array.from({ length: 6 }, () => fail(busy())));
    const second = new Scripted(call(["echo", { say: "a" }]), say("ok"));
    const { end, lines } = await run({ models: [first, second] });
    expect(first.requests).toHaveLength(6);
    expect(end.usage.turns).toBe(2);
    expect(lines[5]).toMatch(/going on with model m1/);
  });

  test("is left at once when it refuses, or wants too long a pause", async () => {
    const refusing = new Scripted(fail(new ModelError("status 401", { retryable: false })));
    const slow = new Scripted(fail(busy(3_600_000)));
    await run({ models: [refusing, slow, new Scripted(say("ok"))] });
    expect([refusing.requests.length, slow.requests.length]).toEqual([1, 1]);
  });

  test("and is the last one fails the step", async () => {
    const error = await failure({
      models: [new Scripted(fail(new ModelError("status 401", { retryable: false })))],
    });
    expect([error.code, error.message]).toEqual(["model_unavailable", "model m0: status 401"]);
  });

  test("a stream that breaks off is asked for again", async () => {
    const broken: Script = () => [
      { kind: "text", text: "half" },
      { kind: "call", call: { id: "x", tool: "echo", input: { say: "a" } } },
    ];
    const { lines, end } = await run({ models: [new Scripted(broken, say("ok"))] });
    expect(end.usage).toMatchObject({ turns: 1, toolCalls: 0 });
    expect(lines[0]).toMatch(/broke off/);
  });

  test.each([
    [
      "before the first part",
      () => new Promise<never>(() => {}),
      /no answer began within 2\.0m|no answer began within 2m00s/,
    ],
  ] as [string, Script, RegExp][])("silence %s counts as broken", async (_name, silent, expected) => {
    const fired = new EagerClock();
    const clock: Clock = {
      now: () => 0,
      monotonic: () => 0,
      // The limit of the first part passes at once, the others never.
      after: (ms, call) => (ms === 120_000 ? fired.after(1, call) : fired.after(ms, call)),
    };
    const { lines } = await run({
      models: [new Scripted(silent), new Scripted(say("ok"))],
      clock,
      limits: { retriesPerTurn: 0 },
    }).catch((error: unknown) => ({ lines: [String(error)] }));
    expect(lines[0]).toMatch(expected);
  });
});
