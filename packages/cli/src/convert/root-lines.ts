/** The whole of a Dagu file, as the lines of ours. */

import { environmentOf } from "./environment.ts";
import { filled, type Line } from "./lines.ts";
import type { Losses } from "./losses.ts";
import type { LocalTarget } from "./other-work.ts";
import { parametersOf } from "./parameters.ts";
import { workerOf } from "./read-step-keys.ts";
import { concurrencyLine, timeoutLine } from "./root-limits.ts";
import { envLine, rootEnvironment, settingOf } from "./root-setting.ts";
import { dotenvLine, labelsLine, scheduleLine, secretsLine } from "./root-values.ts";
import { workOf } from "./root-work.ts";
import { type Section, sharedSection } from "./section.ts";
import { isScalar } from "./values.ts";

export interface RootPlace {
  readonly file: string;
  /** As the file calls it. */
  readonly title: string;
  readonly name: string;
  /** A further document, which stands under `dags`. */
  readonly isLocal: boolean;
  readonly locals: ReadonlyMap<string, LocalTarget>;
  readonly losses: Losses;
}

export function rootLines(root: Section, place: RootPlace): Line[] {
  const { losses, name, title } = place;
  root.take("name");
  const defaults = root.take("defaults");
  const shared = sharedSection(defaults?.value, defaults?.field ?? "", losses);
  const parameters = parametersOf([root.take("params"), root.take("default_params")], losses);
  const env = rootEnvironment(root, parameters, losses);
  const setting = settingOf(root, { defaults: shared, parameters, locals: place.locals, losses });
  const flow = { losses, params: new Set(parameters.specs.keys()), env };
  const work = workOf(root, setting, flow);
  const worker = workerOf(root.take("worker_selector"), losses);
  const defaultEnv = Object.fromEntries(environmentOf(shared.take("env"), (other) => env.get(other), losses));
  const inDagu = name === title ? [] : [`In Dagu: ${title}`];
  return filled([
    place.isLocal
      ? { key: "name", value: undefined }
      : {
          key: "name",
          value: name,
          comments: [...headOf(place.file, work.hasBash || place.locals.size > 0), ...inDagu],
        },
    { key: "description", value: textOf(root, "description") },
    labelsLine(root, losses),
    ...(place.isLocal
      ? []
      : [scheduleLine(root, losses), concurrencyLine(root, { name, asksPerson: work.asksPerson }, losses)]),
    timeoutLine(root, work.asksPerson, losses),
    { key: "params", value: Object.fromEntries(parameters.specs) },
    ...(place.isLocal ? [] : [dotenvLine(root, losses)]),
    secretsLine(root, losses),
    envLine(env),
    {
      key: "defaults",
      value: Object.fromEntries(
        Object.entries({ worker, env: defaultEnv }).filter(
          ([, own]) => own !== undefined && Object.keys(own).length > 0,
        ),
      ),
    },
    { key: "steps", value: work.steps, comments: leftOut(root) },
    ...work.handlers,
    ...(place.isLocal ? [work.outputs] : []),
  ]);
}

function headOf(file: string, hasBash: boolean): string[] {
  return [
    `Converted from ${file.replace(/^.*\//, "")}, a DAG of Dagu.`,
    "Each step starts in an empty folder of its worker; `artifacts` and `inputs` take files from step to step.",
    ...(hasBash
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
