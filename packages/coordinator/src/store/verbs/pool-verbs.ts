/** Pools: supplies of units that steps share. */

import { FaultError } from "@haversack/base";
import type { Pool, PoolInfo } from "@haversack/protocol";
import { integer, integerOrNone, text } from "../rows.ts";
import {
  poolErase,
  poolsAll,
  poolUser,
  poolSet as setUnits,
  sharedLimitByName,
} from "../statements/limit.ts";
import type { VerbContext } from "../verb.ts";
import { inUseOf, lockLimits } from "./limit-state.ts";
import { sharedLimit } from "./queue-rows.ts";

export async function poolSet(
  context: VerbContext,
  { name, limit }: Pool,
): Promise<{ pool: PoolInfo; created: boolean }> {
  const before = await context.tx.one(sharedLimitByName, "pool", name);
  const created = before === undefined || integerOrNone(before, "units") === undefined;
  const no = await sharedLimit(context, "pool", name);
  await lockLimits(context, [no]);
  await context.tx.run(setUnits, no, limit);
  context.touched.ready = true;
  const inUse = (await inUseOf(context, [no])).get(no) ?? 0;
  return { pool: { name, limit, inUse }, created };
}

export async function poolDelete(context: VerbContext, { name }: { readonly name: string }): Promise<void> {
  const row = await context.tx.one(sharedLimitByName, "pool", name);
  if (row === undefined || integerOrNone(row, "units") === undefined) {
    throw new FaultError("missing", "unknown_pool", `there is no pool ${name}`);
  }
  const no = integer(row, "no");
  await lockLimits(context, [no]);
  const user = await context.tx.one(poolUser, no);
  if (user !== undefined) {
    const message = `step ${text(user, "step_id")} of run ${text(user, "run_id")} takes units of the pool ${name} and has not ended; cancel the run, or set the limit to 0`;
    throw new FaultError("conflict", "pool_in_use", message);
  }
  await context.tx.run(poolErase, no);
}

/** By name. */
export async function poolsList(context: VerbContext): Promise<PoolInfo[]> {
  const rows = await context.tx.all(poolsAll);
  const inUse = await inUseOf(
    context,
    rows.map((row) => integer(row, "no")),
  );
  return rows.map((row) => ({
    name: text(row, "name"),
    limit: integer(row, "units"),
    inUse: inUse.get(integer(row, "no")) ?? 0,
  }));
}
