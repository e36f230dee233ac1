/** Who may call: roles, and what a method asks of them. */

/** Each may do all that those before it may, among the first four. */
export const roles = ["viewer", "operator", "editor", "admin", "worker", "join", "metrics"] as const;
export type Role = (typeof roles)[number];

/** What a method asks of its caller. */
export type Permission = "public" | "view" | "operate" | "edit" | "administer" | "work" | "join" | "metrics";
