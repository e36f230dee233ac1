/** How much of its worker's machine a step may take. */

export interface StepLimits {
  /** Of all its processes together. */
  readonly memoryBytes?: number;
  /** Cores, in thousandths: 1500 is one and a half. */
  readonly cpuMillis?: number;
  /** Processes and threads at once. */
  readonly pids?: number;
  /** Open files of each of its processes. */
  readonly files?: number;
  /** `hard`: only on a worker whose kernel keeps them; `any`: as well as the worker can. */
  readonly enforcement: "any" | "hard";
}

/** How well a worker keeps limits: for all processes of a step together, for each one, or not at all. */
export const limitTiers = ["hard", "soft", "none"] as const;
export type LimitTier = (typeof limitTiers)[number];

/** The label by which a worker tells its tier. */
export const limitsLabel = "limits";
