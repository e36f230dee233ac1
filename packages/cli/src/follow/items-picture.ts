/** The items of a step while it is followed: counted from their events. */

import { type ItemCounts, isTerminalStep, type StepPhase } from "@haversack/protocol";

export interface ItemsPicture {
  /** 0 until they are known. */
  readonly total: number;
  /** By id, of those of which something was heard. */
  readonly phases: ReadonlyMap<string, StepPhase>;
}

export const noItems: ItemsPicture = { total: 0, phases: new Map() };

export function afterItemChange(items: ItemsPicture, id: string, phase: StepPhase): ItemsPicture {
  return { ...items, phases: new Map(items.phases).set(id, phase) };
}

/** Such as `37/100, 2 failed`; empty until there are items to speak of. */
export function itemsProgress({ total, phases }: ItemsPicture): string {
  const ended = [...phases.values()].filter(isTerminalStep);
  return progressText(total, ended.length, ended.filter((phase) => phase === "failed").length);
}

export const countsProgress = ({ total, waiting, active, failed }: ItemCounts): string =>
  progressText(total, total - waiting - active, failed);

function progressText(total: number, ended: number, failed: number): string {
  if (total === 0) return "";
  return `${ended}/${total}${failed === 0 ? "" : `, ${failed} failed`}`;
}
