/**
 * The token, in the storage of this tab: it outlives a reload, not the tab, and no other tab or origin sees it. A link that
 * `haversack start` prints carries one behind `#token=`, which no server is ever sent; it is taken out of the address at
 * once.
 */

import type { Outside } from "./outside.ts";

const key = "haversack-token";
const tokenPattern = /^[\w.~+/=-]{1,512}$/;

/** What can be sent as a bearer token; what is pasted has spaces around it. Undefined: it cannot be one. */
export function cleanToken(text: string): string | undefined {
  const token = text.trim();
  return tokenPattern.test(token) ? token : undefined;
}

export const keptToken = ({ storage }: Pick<Outside, "storage">): string | undefined =>
  cleanToken(storage.getItem(key) ?? "");

export const keepToken = ({ storage }: Pick<Outside, "storage">, token: string): void =>
  storage.setItem(key, token);

export const forgetToken = ({ storage }: Pick<Outside, "storage">): void => storage.removeItem(key);

/** @param hash such as `#token=hv1_…`; undefined: it carries none */
export function tokenInHash(hash: string): string | undefined {
  const [, text] = /^#token=(.*)$/.exec(hash) ?? [];
  return text === undefined ? undefined : cleanToken(text);
}
