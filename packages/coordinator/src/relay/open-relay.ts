/** The relay of a coordinator, put together: what it is reached by, and how it reaches the others. */

import { type Advertised, ownAddress } from "./address.ts";
import { Peers, type PeersParts } from "./peers.ts";
import { passing, type Relay, type RelayParts } from "./relay.ts";

export interface OpenRelayParts extends PeersParts, Omit<RelayParts, "peers" | "own"> {
  readonly advertised: Advertised;
  /** URL of the listener; undefined: not yet. */
  readonly listener: () => string | undefined;
}

export interface OpenedRelay {
  readonly relay: Relay;
  /** Where other coordinators reach this one; undefined: nowhere, or there are none. */
  readonly address: () => string | undefined;
}

export function openRelay(parts: OpenRelayParts): OpenedRelay {
  const address = (): string | undefined => {
    const listener = parts.store.shared === undefined ? undefined : parts.listener();
    return listener === undefined ? undefined : ownAddress(parts.advertised, listener);
  };
  return { relay: passing({ ...parts, peers: new Peers(parts), own: address }), address };
}
