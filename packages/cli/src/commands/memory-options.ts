/** What the verbs of `haversack memory` share. */

import type { HaversackClient, MemoryScopeName, MemoryState } from "@haversack/protocol";
import { given } from "../options.ts";
import type { Shell } from "../shell.ts";

export interface MemoryOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

export const scopeHelp = "`global`, the name of a DAG, or `dags/<name>`";

export function connect({ url, token, data }: MemoryOptions, shell: Shell): Promise<HaversackClient> {
  return shell.connect(given({ url, token, data }));
}

/** Version 0 is the one before the first, which is empty; the service takes 0 for the newest. */
export async function stateAt(
  client: HaversackClient,
  scope: MemoryScopeName,
  version: number,
  signal: AbortSignal,
): Promise<Pick<MemoryState, "version" | "entries">> {
  return version === 0 ? { version, entries: [] } : client.memory(scope, version, signal);
}
