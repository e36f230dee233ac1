import { resolve } from "node:path";
import { FaultError } from "@haversack/base";
import { type Artifact, itemOfId, type RunDetail } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withStep } from "../follow/run-items.ts";
import { wholeArtifact } from "../follow/whole-artifact.ts";
import { given, withConnection } from "../options.ts";
import { printable } from "../print/printable.ts";
import { findRun } from "../run-ref.ts";
import { saveWhole } from "../save-whole.ts";
import type { Shell } from "../shell.ts";

interface ArtifactOptions {
  readonly output?: string;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const examples = `
Examples:
  $ haversack artifact latest report REPORT.md            to standard output
  $ haversack artifact latest build.3 dist/app.tgz        of one item of a step with foreach
  $ haversack artifact latest report REPORT.md -o out.md  to a file, which appears only when it is whole`;

export function artifactCommand(shell: Shell): Command {
  const command = new Command("artifact")
    .description("fetch a file that left a step")
    .argument("<run>", "id, the beginning of one, or `latest`")
    .argument("<step>", "id of the step")
    .argument("<path>", "as `haversack show` lists it")
    .option("-o, --output <file>", "write it there");
  return withConnection(command)
    .addHelpText("after", examples)
    .action(
      shell.does((run: string, step: string, path: string, options: ArtifactOptions) =>
        artifact({ run, step, path }, options, shell),
      ),
    );
}

async function artifact(
  name: { readonly run: string; readonly step: string; readonly path: string },
  options: ArtifactOptions,
  shell: Shell,
): Promise<ExitCode> {
  const { stopping, terminal, cwd } = shell.outside;
  const { url, token, data } = options;
  const client = await shell.connect(given({ url, token, data }));
  const run = await findRun(client, name.run, stopping);
  const found = knownArtifact(
    itemOfId(name.step) === undefined ? run : await withStep(client, run, name.step, stopping),
    name,
  );
  const chunks = wholeArtifact(client, { runId: run.id, stepId: name.step, artifact: found }, shell);
  if (options.output === undefined) {
    for await (const chunk of chunks) await terminal.write(chunk);
  } else {
    await saveWhole(chunks, resolve(cwd, options.output), stopping);
    shell.note(`wrote ${options.output}`);
  }
  return exitCodes.ok;
}

function knownArtifact(run: RunDetail, { step: stepId, path }: { step: string; path: string }): Artifact {
  const step = run.steps.find((each) => each.id === stepId);
  const found = step?.artifacts.find((each) => each.path === path);
  if (found !== undefined) return found;
  const known = run.steps.flatMap((each) => each.artifacts.map((one) => `${each.id} ${printable(one.path)}`));
  const have = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
  throw new FaultError("missing", "unknown_artifact", `run ${run.id} has no such artifact; ${have}`);
}
