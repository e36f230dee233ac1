/** Asks a question of a run on a terminal: shows it, takes its form field by field, then the decision. */

import { FaultError } from "@haversack/base";
import type { ApprovalDecision, JsonObject, Step } from "@haversack/protocol";
import { usage } from "../options.ts";
import { approvalText, formLines } from "../print/approval-text.ts";
import type { Shell } from "../shell.ts";

/** What a person decided. */
export interface Said {
  readonly decision: ApprovalDecision;
  readonly fields: JsonObject;
  readonly comment?: string;
}

/** An empty line leaves a field out; what the form makes of it is for the coordinator to say. */
export async function askPerson({ id, phase, approval }: Step, shell: Shell): Promise<Said> {
  if (approval === undefined || phase !== "suspended") {
    throw new FaultError("conflict", "not_waiting", `step ${id} does not wait for an answer: it is ${phase}`);
  }
  shell.out(`${approvalText({ id, approval }, phase, shell.paint)}\n`);
  const decision = await decisionBy(shell);
  const fields = decision === "approved" ? await fieldsBy(approval.form, shell) : {};
  const comment = await lineBy(shell, "comment (may be empty): ");
  return { decision, fields, ...(comment === "" ? {} : { comment }) };
}

async function decisionBy(shell: Shell): Promise<Said["decision"]> {
  for (;;) {
    const text = (await lineBy(shell, "approve or reject? ")).toLowerCase();
    if (text !== "" && "approve".startsWith(text)) return "approved";
    if (text !== "" && "reject".startsWith(text)) return "rejected";
  }
}

async function fieldsBy(form: JsonObject | undefined, shell: Shell): Promise<JsonObject> {
  const fields: Record<string, string> = {};
  for (const line of formLines(form)) {
    const text = await lineBy(shell, `${line}: `);
    if (text !== "") fields[line.slice(0, line.indexOf(":"))] = text;
  }
  return fields;
}

async function lineBy({ outside }: Shell, question: string): Promise<string> {
  const line = await outside.terminal.ask(question, outside.stopping);
  if (line === undefined) throw usage("the input ended before the answer was complete");
  return line.trim();
}
