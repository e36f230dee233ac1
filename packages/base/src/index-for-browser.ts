/** What a page needs of this package: nothing of Node. */

export * from "./backoff.ts";
export type * from "./brand.ts";
export * from "./cancel.ts";
export * from "./duration.ts";
export * from "./fault.ts";
export * from "./log.ts";
export type * from "./ports.ts";
export * from "./printable.ts";
