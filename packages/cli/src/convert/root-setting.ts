/** What the root of a Dagu file says for all of its steps. */

import { environmentOf, isTaken } from "./environment.ts";
import type { Line } from "./lines.ts";
import type { Losses } from "./losses.ts";
import type { LocalTarget } from "./other-work.ts";
import type { Parameters } from "./parameters.ts";
import { refuseRelative, type StepSetting } from "./read-step.ts";
import { shellOf } from "./root-values.ts";
import type { Section } from "./section.ts";
import { isScalar } from "./values.ts";

export function rootEnvironment(
  root: Section,
  { specs }: Parameters,
  losses: Losses,
): ReadonlyMap<string, string> {
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

export function envLine(env: ReadonlyMap<string, string>): Line {
  const remark = "Parameters, under the names that the commands use.";
  const comments = [...env].some(([name, value]) => value === `\${{ params.${name} }}`) ? [remark] : [];
  return { key: "env", value: Object.fromEntries(env), comments };
}

export interface SettingParts {
  readonly defaults: Section;
  readonly parameters: Parameters;
  readonly locals: ReadonlyMap<string, LocalTarget>;
  readonly losses: Losses;
}

export function settingOf(
  root: Section,
  { defaults, parameters, locals, losses }: SettingParts,
): StepSetting {
  const { specs, positional } = parameters;
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
    calls: { losses, locals, params: specs },
    taken: new Set(),
    ...(shell === undefined ? {} : { shell }),
    ...(isScalar(folder?.value) ? { folder: String(folder.value) } : {}),
  };
}
