/** Who may call: roles, and what a method asks of them. */

/** Each may do all that those before it may, among the first four. */
export const roles = ["viewer", "operator", "editor", "admin", "worker", "join", "metrics"] as const;
export type Role = (typeof roles)[number];

/** What a method asks of its caller. */
export type Permission = "public" | "view" | "operate" | "edit" | "administer" | "work" | "join" | "metrics";

/** A token that was made, without itself. Times are milliseconds since 1970. */
export interface ApiToken {
  readonly id: string;
  /** What people call whoever has it; several may have the same. */
  readonly name: string;
  readonly role: TokenRole;
  readonly createdAt: number;
  /** Name of the caller. */
  readonly createdBy: string;
  readonly expiresAt: number;
  /** About when; absent: never. */
  readonly lastUsedAt?: number;
  readonly revokedAt?: number;
}

/** Roles that a token can have. */
export const tokenRoles = [
  "viewer",
  "operator",
  "editor",
  "admin",
  "worker",
  "metrics",
] as const satisfies readonly Role[];
export type TokenRole = (typeof tokenRoles)[number];

/** One thing that somebody did, or was refused. */
export interface AuditRecord {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Empty texts: nobody was known. */
  readonly caller: {
    readonly kind: string;
    readonly id: string;
    readonly role: string;
    readonly name: string;
  };
  /** Such as `haversack.v1.RunService/Cancel`. */
  readonly method: string;
  /** What it was about, such as the id of a run; empty: nothing in particular. */
  readonly target: string;
  /** Address of the other end. */
  readonly peer: string;
  /** `ok`, or the code of the error such as `permission_denied`. */
  readonly outcome: string;
  /** How many calls alike it stands for. */
  readonly times: number;
}

export interface AuditEntry extends AuditRecord {
  /** From 1, without a gap. */
  readonly no: number;
  /** 64 hex digits, over all of it and the hash of the entry before. */
  readonly hash: string;
}

/** What a look at the whole audit log found. */
export interface AuditCheck {
  /** Rows that were looked at. */
  readonly count: number;
  /** The first row that is there; 0: there is none. */
  readonly first: number;
  /** Where the log ends: note both elsewhere, and a later check can be compared with them. */
  readonly last: number;
  readonly hash: string;
  /** The first row that is wrong, and what is wrong with it. Absent: nothing is. */
  readonly broken?: { readonly no: number; readonly problem: string };
}
