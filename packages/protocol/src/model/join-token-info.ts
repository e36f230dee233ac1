/** What is asked of a join token, and what is told of one. */

export interface JoinTokenInfo {
  readonly id: string;
  readonly pool?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly usesLeft: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface JoinTokenAsked {
  readonly pool?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ttlMs: number;
  readonly uses: number;
}
