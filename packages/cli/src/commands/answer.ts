import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { FaultError, messageOf } from "@haversack/base";
import type { JsonObject, RunDetail, Step } from "@haversack/protocol";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { collectPair, given, usage, withConnection, withJson } from "../options.ts";
import { runJson } from "../print/json.ts";
import { findRun } from "../run-ref.ts";
import type { Shell } from "../shell.ts";
import { askPerson, type Said } from "./ask-person.ts";

interface AnswerOptions {
  readonly approve?: boolean;
  readonly reject?: boolean;
  readonly field?: ReadonlyMap<string, string>;
  readonly fields?: string;
  readonly comment?: string;
  readonly as?: string;
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const examples = `
Ends a step of kind \`human\`. STEP may be left out when one step of the run waits. Text for a field that is no text is
read as JSON: \`--field hosts=3\`. Without --approve and --reject it shows the question and asks, on a terminal.
The first answer counts: the same again changes nothing, another one is refused. Who answered is the name of the
token; --as notes a name beside it, which nobody checks. Where the step has \`approvers\`, the token has one of these names, or
the role admin.

Examples:
  $ haversack answer latest
  $ haversack answer latest ship --approve --field ring=canary --comment "go"
  $ haversack answer 0198c2f3 ship --reject --comment "not on a Friday" --as Ann

--json: the run, as \`haversack show --json\` prints it, with existed: the same answer had been given before`;

export function answerCommand(shell: Shell): Command {
  const command = new Command("answer")
    .description("approve or reject what a run asks a person")
    .argument("<run>", "id, the beginning of one, or `latest`")
    .argument("[step]", "id of the step")
    .addOption(new Option("--approve", "the step succeeds").conflicts("reject"))
    .option("--reject", "the step fails")
    .option("--field <name=value>", "a field of the form; may be repeated", collectPair)
    .option("--fields <file>", "the fields as a JSON object in a file; --field wins")
    .option("--comment <text>", "why, for those who look at it later")
    .option("--as <name>", "who answers, when it is not the owner of the token");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(
      shell.does((run: string, step: string | undefined, options: AnswerOptions) =>
        answer({ run, step }, options, shell),
      ),
    );
}

async function answer(
  name: { readonly run: string; readonly step: string | undefined },
  options: AnswerOptions,
  shell: Shell,
): Promise<ExitCode> {
  const { stopping } = shell.outside;
  const { url, token, data, as: onBehalfOf } = options;
  const client = await shell.connect(given({ url, token, data }));
  const asking = await findRun(client, name.run, stopping);
  const step = stepOf(asking, name.step);
  const said = (await saidBy(options, shell)) ?? (await askPerson(step, shell));
  const request = { runId: asking.id, stepId: step.id, ...said, ...given({ onBehalfOf }) };
  const { run, existed } = await client.answer(request, stopping);
  if (options.json === true) shell.json({ ...runJson(run), existed });
  else if (existed) shell.out(`step ${step.id} had this answer already\n`);
  else shell.out(`step ${step.id} is ${said.decision}\n`);
  return exitCodes.ok;
}

function stepOf({ id, steps }: RunDetail, name: string | undefined): Step {
  const step = steps.find((each) => each.id === name);
  if (step !== undefined) return step;
  const waiting = steps.filter(({ phase }) => phase === "suspended");
  const [only] = waiting;
  if (name === undefined && only !== undefined && waiting.length === 1) return only;
  const names = waiting.length === 0 ? "no step of it waits" : waiting.map((each) => each.id).join(", ");
  if (name !== undefined) {
    throw new FaultError(
      "missing",
      "unknown_step",
      `run ${id} has no step ${name}; of those that wait: ${names}`,
    );
  }
  if (only !== undefined) throw usage(`more than one step of the run waits: name one of ${names}`);
  throw new FaultError("conflict", "not_waiting", `no step of run ${id} waits for an answer`);
}

/** Undefined: the options do not say. */
async function saidBy(options: AnswerOptions, { outside }: Shell): Promise<Said | undefined> {
  const { approve = false, reject = false, comment, field = new Map<string, string>() } = options;
  if (!approve && !reject) {
    if (outside.terminal.interactive) return undefined;
    throw usage("either --approve or --reject; it asks on a terminal only");
  }
  const file = options.fields === undefined ? {} : await fieldsIn(resolve(outside.cwd, options.fields));
  const fields = { ...file, ...Object.fromEntries(field) };
  return { decision: approve ? "approved" : "rejected", fields, ...given({ comment }) };
}

async function fieldsIn(path: string): Promise<JsonObject> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch (error) {
    throw new FaultError("invalid", "bad_fields", `${path} cannot be read: ${messageOf(error)}`);
  }
  throw new FaultError("invalid", "bad_fields", `${path}: expected a JSON object, one key for each field`);
}
