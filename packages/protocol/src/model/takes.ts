/** Which steps a worker takes. */

export const takesChoices = ["all", "deploys"] as const;
export type Takes = (typeof takesChoices)[number];

/** Label of a worker that does not take all. */
export const takesLabel = "takes";
