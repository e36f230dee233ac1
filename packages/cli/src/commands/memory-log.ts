import type { HaversackClient, MemoryScopeName, MemoryVersion } from "@haversack/protocol";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { scopeNamed } from "../memory/scope-name.ts";
import { given, wholeNumber, withConnection, withJson } from "../options.ts";
import { versionJson } from "../print/json.ts";
import { versionsText } from "../print/memory-text.ts";
import type { Shell } from "../shell.ts";
import { connect, type MemoryOptions, scopeHelp } from "./memory-options.ts";

interface LogOptions extends MemoryOptions {
  readonly limit: number;
}

const limitDefault = 20;
const limitMax = 10_000;
const pageSizeMax = 500;
const examples = `
+ is an entry that came, - one that went, ~ one whose text changed.

Examples:
  $ haversack memory log repo-report
  $ haversack memory log global --limit 100 --json | jq '.versions[] | select(.cause.kind == "revert")'

--json: {scope, versions: [{version, digest, at, cause, edits: [{entry, before?, after?}]}]}; cause is
  {kind: "step" | "review", runId, stepId} or {kind: "revert", version}.`;

export function memoryLogCommand(shell: Shell): Command {
  const command = new Command("log")
    .description("the versions of a scope, newest first, with what each one changed")
    .argument("<scope>", scopeHelp)
    .addOption(
      new Option("-n, --limit <n>", "at most this many")
        .default(limitDefault)
        .argParser(wholeNumber(1, limitMax)),
    );
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string, options: LogOptions) => log(name, options, shell)));
}

async function log(name: string, options: LogOptions, shell: Shell): Promise<ExitCode> {
  const scope = scopeNamed(name);
  const client = await connect(options, shell);
  const versions = await newest(client, scope, options.limit, shell.outside.stopping);
  if (options.json === true) shell.json({ scope, versions: versions.map(versionJson) });
  else if (versions.length === 0) shell.note(`nothing was ever noted in ${scope}`);
  else shell.out(versionsText(versions, shell.paint));
  const hasMore = (versions.at(-1)?.version ?? 1) > 1;
  if (hasMore && options.json !== true) shell.note(`there are more: --limit ${options.limit * 5}`);
  return exitCodes.ok;
}

async function newest(
  client: HaversackClient,
  scope: MemoryScopeName,
  limit: number,
  signal: AbortSignal,
): Promise<readonly MemoryVersion[]> {
  const versions: MemoryVersion[] = [];
  for (;;) {
    const pageSize = Math.min(pageSizeMax, limit - versions.length);
    const before = versions.at(-1)?.version;
    const page = await client.memoryVersions({ scope, pageSize, ...given({ before }) }, signal);
    versions.push(...page);
    // Versions count from 1 without a gap.
    if (page.length === 0 || versions.at(-1)?.version === 1 || versions.length >= limit) return versions;
  }
}
