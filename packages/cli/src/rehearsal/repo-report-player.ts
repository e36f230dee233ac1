/**
 * Plays the agent of `examples/dags/repo-report.yaml`, one turn for each request: activates the skill, reads the fact
 * files that the task names, runs the skill's script, writes the report from what came back, answers. A tool that
 * refuses ends the play with what it said.
 */

import { type Answer, sayAndCall, sayOnly } from "./answer.ts";
import { type Conversation, resultOf } from "./conversation.ts";
import { readFacts } from "./facts.ts";
import { count, fillOutline } from "./report-prose.ts";

const skill = "repo-report";
const report = "REPORT.md";
const script = "scripts/outline.sh";

/** Undefined when the task is another one. */
export function playRepoReport(conversation: Conversation): Answer | undefined {
  const { task, tools } = conversation;
  if (!task.includes(report) || !tools.has("skill") || !tools.has("bash") || !tools.has("write"))
    return undefined;
  return activate(conversation) ?? gather(conversation) ?? write(conversation) ?? finish(conversation);
}

function activate(conversation: Conversation): Answer | undefined {
  if (resultOf(conversation, "skill") !== undefined) return undefined;
  return sayAndCall(`I start with the instructions of the skill ${skill}.`, [
    { tool: "skill", input: { name: skill } },
  ]);
}

function gather(conversation: Conversation): Answer | undefined {
  const folder = /^Folder of the skill: (.+)$/m.exec(resultOf(conversation, "skill") ?? "")?.[1];
  if (folder === undefined)
    return sayOnly(`The skill did not say where its files are: ${said(conversation, "skill")}`);
  const missing = factFiles(conversation).filter(
    (path) => resultOf(conversation, "read", "path", path) === undefined,
  );
  if (missing.length > 0) {
    const calls = missing.map((path) => ({ tool: "read", input: { path } }));
    return sayAndCall(`I read the facts: ${missing.join(", ")}.`, calls);
  }
  if (resultOf(conversation, "bash") !== undefined) return undefined;
  const command = `'${folder.replaceAll("'", `'\\''`)}/${script}'`;
  return sayAndCall("The skill's script prints the outline of the report from the facts.", [
    { tool: "bash", input: { command } },
  ]);
}

function write(conversation: Conversation): Answer | undefined {
  if (resultOf(conversation, "write", "path", report) !== undefined) return undefined;
  const outline = resultOf(conversation, "bash") ?? "";
  if (!outline.includes("## Key figures"))
    return sayOnly(`The script gave no outline: ${said(conversation, "bash")}`);
  const facts = factsOf(conversation);
  const lacking = ["commits", "authors", "files", "lines", "bytes", "notes"].filter(
    (key) => facts.value(key) === "",
  );
  if (lacking.length > 0)
    return sayOnly(`The facts that I could read lack ${lacking.join(", ")}: ${said(conversation, "read")}`);
  const content = fillOutline(outline, facts);
  return sayAndCall(`I write ${report} from the outline and the facts.`, [
    { tool: "write", input: { path: report, content } },
  ]);
}

function finish(conversation: Conversation): Answer {
  if (conversation.calls.some(({ tool }) => tool === "output")) {
    return sayOnly(`My answer was not accepted: ${said(conversation, "output")}`);
  }
  const written = resultOf(conversation, "write", "path", report) ?? "";
  if (!written.startsWith("wrote "))
    return sayOnly(`${report} could not be written: ${written.slice(0, 300)}`);
  const facts = factsOf(conversation);
  const title = `${facts.value("repository")}: repository report`;
  const headline = `${count(facts, "commits", "commit")} by ${count(facts, "authors", "author")}, ${count(facts, "files", "file")} (rehearsal model).`;
  return sayAndCall("The report is written.", [
    { tool: "output", input: { title, headline, files: Number(facts.value("files")) } },
  ]);
}

function factFiles({ task }: Conversation): string[] {
  return [...new Set(task.match(/\b[\w-]+\.txt\b/g) ?? [])];
}

function factsOf(conversation: Conversation): ReturnType<typeof readFacts> {
  return readFacts(factFiles(conversation).map((path) => resultOf(conversation, "read", "path", path) ?? ""));
}

function said(conversation: Conversation, tool: string): string {
  return (resultOf(conversation, tool) ?? "nothing").slice(0, 300);
}
