/** A memory scope as a person names it: `global`, the name of a DAG, or `dags/<name>`. */

import { FaultError } from "@haversack/base";
import { type MemoryScopeName, parseMemoryScopeName } from "@haversack/protocol";

/** A DAG that is itself called `global` has the scope `dags/global`, and no shorter name. */
export function scopeNamed(name: string): MemoryScopeName {
  try {
    return parseMemoryScopeName(name === "global" || name.includes("/") ? name : `dags/${name}`);
  } catch (cause) {
    const message = `a memory scope is \`global\`, the name of a DAG, or \`dags/<name>\`, not ${JSON.stringify(name)}`;
    throw new FaultError("invalid", "bad_scope", message, { cause });
  }
}
