/** The whole of a Dagu file, as the lines of ours. */

import type { DraftStep } from "./draft.ts";
import { environmentOf, isTaken } from "./environment.ts";
import { connect, connectHandler, passSkipsOn } from "./flow.ts";
import { Blocks, filled, type Line } from "./lines.ts";
import type { Losses } from "./losses.ts";
import { type Parameters, parametersOf } from "./parameters.ts";
import { refuseRelative, type StepSetting, workerOf } from "./read-step.ts";
import { concurrencyLine, timeoutLine } from "./root-limits.ts";
import { handlerKeys, handlersOf, stepsOf } from "./root-steps.ts";
import { dotenvLine, labelsLine, scheduleLine, shellOf } from "./root-values.ts";
import { type Section, sharedSection } from "./section.ts";
import { stepLines } from "./step-lines.ts";
import { isScalar } from "./values.ts";

export function rootLines(root: Section, file: string, losses: Losses): Line[] {
  const name = root.take("name");
  const defaults = root.take("defaults");
  const shared = sharedSection(defaults?.value, defaults?.field ?? "", losses);
  const parameters = parametersOf([root.take("params"), root.take("default_params")], losses);
  const env = rootEnvironment(root, parameters, losses);
  const setting = settingOf(root, shared, parameters, losses);
  const flow = { losses, params: new Set(parameters.specs.keys()), env };
  const steps = stepsOf(root, setting);
  connect(steps, flow);
  const handlers = handlersOf(root, setting);
  for (const { draft } of handlers) connectHandler(draft, steps, flow);
  passSkipsOn(steps);
  const worker = workerOf(root.take("worker_selector"), losses);
  const defaultEnv = Object.fromEntries(environmentOf(shared.take("env"), (other) => env.get(other), losses));
  const title = isScalar(name?.value)
    ? String(name.value)
    : file.replace(/^.*\//, "").replace(/\.ya?ml$/, "");
  const written = dagName(title);
  return filled([
    {
      key: "name",
      value: written,
      comments: [...headOf(file, steps), ...(written === title ? [] : [`In Dagu: ${title}`])],
    },
    { key: "description", value: textOf(root, "description") },
    labelsLine(root, losses),
    scheduleLine(root, losses),
    concurrencyLine(root, written, losses),
    timeoutLine(root, losses),
    { key: "params", value: Object.fromEntries(parameters.specs) },
    dotenvLine(root, losses),
    envLine(env),
    {
      key: "defaults",
      value: Object.fromEntries(
        Object.entries({ worker, env: defaultEnv }).filter(
          ([, own]) => own !== undefined && Object.keys(own).length > 0,
        ),
      ),
    },
    { key: "steps", value: new Blocks(steps.map(stepLines)), comments: leftOut(root) },
    ...handlerKeys.map(([kind]) => ({
      key: kind,
      value: new Blocks(handlers.filter((each) => each.kind === kind).map(({ draft }) => stepLines(draft))),
    })),
  ]);
}

function headOf(file: string, steps: readonly DraftStep[]): string[] {
  const isDefault = steps.some(({ shell }) => shell === undefined);
  return [
    `Converted from ${file.replace(/^.*\//, "")}, a DAG of Dagu.`,
    "Each step starts in an empty folder of its worker; `artifacts` and `inputs` take files from step to step.",
    ...(isDefault
      ? [
          "A command is run by `bash -euo pipefail`: an unset variable or a failing part of a pipeline ends it. `shell` says otherwise.",
        ]
      : []),
  ];
}

const textOf = (root: Section, key: string): string | undefined => {
  const entry = root.take(key);
  return isScalar(entry?.value) && entry.value !== "" ? String(entry.value) : undefined;
};

function dagName(title: string): string {
  const plain = title
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 64)
    .replace(/^-+|-+$/g, "");
  return plain === "" ? "dag" : plain;
}

function rootEnvironment(root: Section, { specs }: Parameters, losses: Losses): ReadonlyMap<string, string> {
  const params = [...specs.keys()]
    .filter((name) => !isTaken(name))
    .map((name) => [name, `\${{ params.${name} }}`] as const);
  const own = environmentOf(
    root.take("env"),
    (name) => (specs.has(name) ? `\${{ params.${name} }}` : undefined),
    losses,
  );
  return new Map([...params, ...own]);
}

function envLine(env: ReadonlyMap<string, string>): Line {
  const remark = "Parameters, under the names that the commands use.";
  const comments = [...env].some(([name, value]) => value === `\${{ params.${name} }}`) ? [remark] : [];
  return { key: "env", value: Object.fromEntries(env), comments };
}

function settingOf(
  root: Section,
  defaults: Section,
  { specs, positional }: Parameters,
  losses: Losses,
): StepSetting {
  const shell = shellOf(root.take("shell"), losses);
  const folder = root.take("working_dir", "dir");
  refuseRelative(folder, losses);
  return {
    losses,
    defaults: {
      ...defaults,
      take: (...names) => (names.includes("env") ? undefined : defaults.take(...names)),
    },
    positional,
    isParam: (name) => specs.has(name),
    taken: new Set(),
    ...(shell === undefined ? {} : { shell }),
    ...(isScalar(folder?.value) ? { folder: String(folder.value) } : {}),
  };
}

/** What a coordinator does by itself. */
const ownBusiness = [
  "log_dir",
  "log_output",
  "hist_retention_days",
  "hist_retention_runs",
  "max_clean_up_time_sec",
  "restart_wait_sec",
  "max_output_size",
  "run_config",
];

function leftOut(root: Section): string[] {
  const names = ownBusiness.flatMap((key) => root.take(key)?.field ?? []);
  return names.length === 0
    ? []
    : [`Left out, because it is the coordinator's own business: ${names.join(", ")}.`];
}
