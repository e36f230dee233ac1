/** Where a reader is, behind `#` in the address: the server has one page. */

import { useSyncExternalStore } from "react";

export interface Route {
  readonly view: "images" | "deployments";
  /** Of one deployment. */
  readonly name?: string;
}

export const pathTo = ({ view, name }: Route): string =>
  name === undefined ? `#/${view}` : `#/${view}/${encodeURIComponent(name)}`;

/** What leads nowhere leads to the first view. */
export function parseRoute(hash: string): Route {
  const [, view, name] = /^#\/(images|deployments)(?:\/([a-z0-9-]{1,64}))?$/.exec(hash) ?? [];
  if (view === "deployments") return name === undefined ? { view } : { view, name };
  return { view: "images" };
}

function listen(call: () => void): () => void {
  addEventListener("hashchange", call);
  return () => removeEventListener("hashchange", call);
}

export const useRoute = (): Route => parseRoute(useSyncExternalStore(listen, () => location.hash));
