/** `memory`: shows the notes of agents, and asks for changes of them, which are made when the step succeeds. */

import { type MemoryScopeName, noteProblem, scanText } from "@haversack/snapshot";
import { z } from "zod";
import type { Masker } from "../../mask/masker.ts";
import type { DeskAnswer, MemoryDesk } from "../memory-desk.ts";
import { peoplesText, type StepMemory, writableScopes } from "../step-memory.ts";
import { defineTool, type PreparedCall, type Tool, ToolError, text } from "./tool.ts";

export interface MemoryToolOptions {
  /** At least one scope of it is writable. */
  readonly memory: readonly StepMemory[];
  readonly desk: MemoryDesk;
  readonly masker: Masker;
}

/** What people wrote is in the prompt; a view repeats it only where that costs little. */
const peoplesCharactersMax = 2000;

interface Input {
  readonly action: "view" | "add" | "update" | "remove";
  readonly scope?: MemoryScopeName | undefined;
  readonly entry?: string | undefined;
  readonly text?: string | undefined;
}

export function memoryTool(options: MemoryToolOptions): Tool {
  const scopes = options.memory.map(({ scope }) => scope);
  const writable = writableScopes(options.memory);
  return defineTool({
    name: "memory",
    description: [
      `Notes facts for later steps and runs, in the scope ${writable.join(" or ")}.`,
      "`view` shows the notes with their ids, `add` takes a text, `update` an entry and a text, `remove` an entry.",
      "One fact a note, one line each, as a plain statement; no instructions, no secrets.",
    ].join(" "),
    input: z.object({
      action: z.enum(["view", "add", "update", "remove"]),
      scope: z.enum(scopes).optional().describe(scopeRule(writable)),
      entry: z.string().min(1).max(100).optional().describe("The id of a note, as it is shown."),
      text: z.string().optional().describe("The fact."),
    }),
    prepare: (input) => prepare(options, writable, input),
  });
}

function scopeRule(writable: readonly MemoryScopeName[]): string {
  return writable.length === 1
    ? `For a change: ${writable[0]}, also when it is left out.`
    : "To be given for every change.";
}

function prepare(
  options: MemoryToolOptions,
  writable: readonly MemoryScopeName[],
  input: Input,
): PreparedCall {
  const { desk } = options;
  const call = (summary: string, run: () => string): PreparedCall => ({
    subjects: [],
    summary,
    run: async () => text(run()),
  });
  if (input.action === "view") {
    const shown = options.memory.filter(({ scope }) => input.scope === undefined || input.scope === scope);
    return call(`view ${shown.map(({ scope }) => scope).join(", ")}`, () =>
      shown.map((memory) => view(memory, desk)).join("\n\n"),
    );
  }
  const scope = writableScope(writable, input.scope);
  const answer = (given: DeskAnswer): string => report(options.memory, scope, given);
  if (input.action === "add") {
    const fact = checkedText(input, options.masker);
    return call(`add ${scope}: ${fact}`, () => answer(desk.add(scope, fact)));
  }
  const entry = namedEntry(input);
  if (input.action === "remove") {
    return call(`remove ${scope} ${entry}`, () => answer(desk.remove(scope, entry)));
  }
  const fact = checkedText(input, options.masker);
  return call(`update ${scope} ${entry}: ${fact}`, () => answer(desk.update(scope, entry, fact)));
}

function writableScope(
  writable: readonly MemoryScopeName[],
  asked: MemoryScopeName | undefined,
): MemoryScopeName {
  const [only] = writable;
  if (asked === undefined && only !== undefined && writable.length === 1) return only;
  if (asked === undefined) throw new ToolError(`say which scope: ${writable.join(" or ")}`);
  if (writable.includes(asked)) return asked;
  throw new ToolError(`the scope ${asked} can only be read; this step may write ${writable.join(" and ")}`);
}

/** Without the brackets around which it is shown. */
function namedEntry({ action, entry }: Input): string {
  const id = /^\[?(?<id>[0-9A-Za-z_-]+)\]?$/.exec(entry?.trim() ?? "")?.groups?.["id"];
  if (id !== undefined) return id;
  throw new ToolError(
    `${action} needs the id of a note in "entry", such as 01a1fda2; call memory with {"action":"view"} to see the ids`,
  );
}

/** Here and not when it runs, so that a refused text does not stand in the log either. */
function checkedText({ action, text: given }: Input, masker: Masker): string {
  if (given === undefined) throw new ToolError(`${action} needs a "text"`);
  const fact = given.trim();
  const problem = noteProblem(fact);
  if (problem !== undefined) {
    throw new ToolError(`the text ${problem}; note one fact in one short line of plain text`);
  }
  if (masker.text(fact) !== fact) {
    throw new ToolError("the text holds a secret value of this step; note the fact without it");
  }
  const [hit] = scanText(fact);
  if (hit === undefined) return fact;
  throw new ToolError(`the text looks like a secret (${hit.pattern}); note where it is kept, not what it is`);
}

function report(
  memory: readonly StepMemory[],
  scope: MemoryScopeName,
  { kind, shortId }: DeskAnswer,
): string {
  if (kind === "kept") return `[${shortId}] of ${scope} says that already; nothing is changed`;
  const mode = memory.find((candidate) => candidate.scope === scope)?.write;
  const then =
    mode === "propose"
      ? "a person decides about it after this step succeeded"
      : "it takes effect when this step succeeds";
  return `accepted for [${shortId}] of ${scope}; ${then}`;
}

function view(memory: StepMemory, desk: MemoryDesk): string {
  const { scope, write } = memory;
  const notes = desk.notes(scope).map(({ shortId, text: fact }) => `[${shortId}] ${fact}`);
  return [
    `Notes of agents in ${scope}${write === "none" ? ", which can only be read" : ", with what this step asked for"}:`,
    ...(notes.length === 0 ? ["(none)"] : notes),
    ...peoplesPart(memory),
  ].join("\n");
}

function peoplesPart(memory: StepMemory): string[] {
  const people = peoplesText(memory);
  if (people === "") return [];
  if (people.length > peoplesCharactersMax) {
    return ["", "What people wrote in it, which can only be read, stands in your instructions."];
  }
  return ["", "Written by people, and can only be read:", people];
}
