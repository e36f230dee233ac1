/** What a thread of the store needs of this package, without the services that carry it. It does not start where one is missing. */

export { tokenRoles } from "./model/access.ts";
export { allSteps, stepsCount } from "./model/dag.ts";
export { deployOutputs } from "./model/deploy.ts";
export { refKey } from "./model/fence.ts";
export {
  parseBootId,
  parseDigest,
  parseGeneration,
  parseRunId,
  parseStepId,
  parseWorkerId,
} from "./model/ids.ts";
export { itemAt, itemId, itemIndex, itemOfId, itemRange, itemsMax, stepAt, stepIdAt } from "./model/item.ts";
export { localDag } from "./model/local-dag.ts";
export { dagScope, parseMemoryScopeName } from "./model/memory.ts";
export { priorityDefault } from "./model/placement.ts";
export { isTerminalRun, isTerminalStep } from "./model/run.ts";
export { spanIdOfRun } from "./model/span-id.ts";
export { contextOfRun, traceOfChild, traceOfRetry } from "./model/trace.ts";
