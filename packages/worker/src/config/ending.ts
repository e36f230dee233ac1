/** How the processes of a step can be ended, the surest first; `execute/step-host.ts` says what each is. */

export const endingKinds = ["pid-namespace", "cgroup", "sweep"] as const;
export type EndingKind = (typeof endingKinds)[number];
