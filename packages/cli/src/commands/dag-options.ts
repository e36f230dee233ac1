/** What the verbs of `haversack dag` and `haversack schedule` share. */

import { FaultError } from "@haversack/base";
import type { HaversackClient, ScheduleName, SchedulesName } from "@haversack/protocol";
import { given } from "../options.ts";
import type { Shell } from "../shell.ts";

export interface DagOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

export const scheduleHelp = "the name of a stored DAG, or NAME/INDEX when it has several schedules";

export function connect({ url, token, data }: DagOptions, shell: Shell): Promise<HaversackClient> {
  return shell.connect(given({ url, token, data }));
}

/** `nightly` is all schedules of the DAG, `nightly/1` its second one. */
export function parseSchedules(text: string): SchedulesName {
  const [, dagName = "", index] = /^([a-z0-9-]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (dagName === "") {
    const message = "a schedule is named by its DAG, or by NAME/INDEX such as nightly/0";
    throw new FaultError("invalid", "bad_schedule", message);
  }
  return { dagName, ...(index === undefined ? {} : { index: Number(index) }) };
}

/** One schedule: the only one of its DAG when no index says which. */
export async function oneSchedule(
  client: HaversackClient,
  text: string,
  shell: Shell,
): Promise<ScheduleName> {
  const { dagName, index } = parseSchedules(text);
  if (index !== undefined) return { dagName, index };
  const schedules = await client.schedules(dagName, 1, shell.outside.stopping);
  const [only] = schedules;
  if (only === undefined)
    throw new FaultError("missing", "unknown_schedule", `the stored DAG ${dagName} has no schedule`);
  if (schedules.length === 1) return { dagName, index: only.index };
  const names = schedules.map((each) => `${dagName}/${each.index}`).join(", ");
  throw new FaultError(
    "invalid",
    "ambiguous_schedule",
    `${dagName} has ${schedules.length} schedules: ${names}`,
  );
}
