/** What human steps ask, for people. */

import type { Approval, JsonObject, JsonValue, WaitingApproval } from "@haversack/protocol";
import { elapsed, moment } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { clip, printable, printableLines } from "./printable.ts";
import { commandName } from "./run-result.ts";
import { table } from "./table.ts";

const promptColumnsMax = 80;

/** One line. */
export function asksText({ prompt }: Approval): string {
  return `asks: ${firstLine(prompt)}`;
}

/** How to answer, as a command. */
const answerCommand = (runId: string, stepId: string): string =>
  `${commandName} answer ${runId} ${stepId} --approve or --reject`;

export function approvalTable(list: readonly WaitingApproval[], now: number): string {
  const rows = list.map(({ runId, dagName, stepId, prompt, approvers, askedAt, dueAt }) => [
    runId,
    stepId,
    printable(dagName),
    elapsed(askedAt, undefined, now),
    dueAt === undefined ? "" : moment(dueAt),
    printable(approvers.join(", ")),
    clip(printable(firstLine(prompt)), promptColumnsMax),
  ]);
  return table(["RUN", "STEP", "DAG", "WAITS", "UNTIL", "APPROVERS", "ASKS"], rows);
}

/** A question of a step. */
export interface Question {
  readonly id: string;
  readonly approval: Approval;
  /** Absent: it is being answered. */
  readonly runId?: string;
}

/** The whole question, and its answer or how to give one. */
export function approvalText({ id, approval, runId }: Question, phase: string, paint: Paint): string {
  const { prompt, approvers, askedAt, dueAt, onTimeout, form, answer } = approval;
  const lines = [...printableLines(prompt).split("\n"), ...formLines(form)].map((line) => `  ${line}`);
  const until = dueAt === undefined ? "" : `, until ${moment(dueAt)} (then: ${onTimeout})`;
  if (phase === "suspended") lines.push(`  waits for a person since ${moment(askedAt)}${until}`);
  if (phase === "suspended" && runId !== undefined) lines.push(`  ${answerCommand(runId, id)}`);
  if (approvers.length > 0) lines.push(`  approvers: ${printable(approvers.join(", "))}`);
  if (answer !== undefined) lines.push(`  ${answerText(answer)}`);
  return `${paint.strong(`question of ${id}`)}\n${lines.join("\n")}`;
}

function answerText({ decision, by, onBehalfOf, comment, at }: NonNullable<Approval["answer"]>): string {
  const whom = onBehalfOf === undefined ? "" : ` for ${onBehalfOf}`;
  const why = comment === undefined ? "" : `: ${comment}`;
  return `${decision} by ${printable(by + whom + why)}, ${moment(at)}`;
}

/** One line for each field: its name, what it takes, and what it is about. */
export function formLines(form: JsonObject | undefined): string[] {
  const required = form?.["required"];
  return Object.entries(objectIn(form, "properties")).map(([name, property]) => {
    const must = Array.isArray(required) && required.includes(name) ? "" : " (optional)";
    const about = objectOf(property)["description"] ?? objectOf(property)["title"];
    const text = typeof about === "string" ? `  ${about}` : "";
    return printable(`${name}: ${takes(objectOf(property))}${must}${text}`);
  });
}

function takes({ type, enum: choices, default: preset }: JsonObject): string {
  const kind = Array.isArray(choices)
    ? choices.map((choice) => JSON.stringify(choice)).join(" | ")
    : typeof type === "string"
      ? type
      : "anything";
  return preset === undefined ? kind : `${kind}, else ${JSON.stringify(preset)}`;
}

const objectOf = (value: JsonValue | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
const objectIn = (value: JsonObject | undefined, key: string): JsonObject => objectOf(value?.[key]);

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";
