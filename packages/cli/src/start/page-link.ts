/**
 * Where the web page is. For a person at a terminal the address carries a token, behind `#`, which is sent to no server and
 * which the page takes out of the address. It is one of its own, for half a day and no more than an operator may do: what
 * a browser or a terminal remembers of it is worth little, and `admin.token` stands in neither.
 */

import { messageOf } from "@haversack/base";
import type { HaversackClient } from "@haversack/protocol";

const lifetimeSeconds = 12 * 3600;

export interface PageLinkAsked {
  readonly url: string;
  readonly client: Pick<HaversackClient, "createToken">;
  /** Whether a person reads it, and not a file. */
  readonly isLive: boolean;
  /** As a person would write it. */
  readonly tokenFile: string;
}

/** Never rejects. */
export async function pageLink(
  { url, client, isLive, tokenFile }: PageLinkAsked,
  signal: AbortSignal,
): Promise<string> {
  if (!isLive || signal.aborted) return `${url} (it asks for a token: ${tokenFile} holds one)`;
  try {
    const asked = { name: "page of haversack start", role: "operator", lifetimeSeconds } as const;
    const { secret } = await client.createToken(asked, signal);
    return `${url}/#token=${secret} (signs in, for 12 hours)`;
  } catch (error) {
    return `${url} (it asks for a token: ${tokenFile} holds one; none of its own was made: ${messageOf(error)})`;
  }
}
