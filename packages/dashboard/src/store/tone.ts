/** How a state looks. */
export type Tone = "good" | "busy" | "warn" | "bad" | "quiet";
