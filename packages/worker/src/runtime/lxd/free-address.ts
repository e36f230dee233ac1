/** IPv4 addresses of a bridge, as numbers. */

export interface Subnet {
  readonly gateway: string;
  readonly prefix: number;
}

/** @param text such as `10.20.30.1/24`, the bridge's own address; undefined: it has none. */
export function subnetOf(text: string): Subnet | undefined {
  const [, gateway, prefix] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text) ?? [];
  return gateway === undefined || prefix === undefined ? undefined : { gateway, prefix: Number(prefix) };
}

/** Looks from a place that the seed chooses, so that two who ask at once seldom meet. Undefined: all are taken. */
export function freeAddress(subnet: Subnet, taken: ReadonlySet<string>, seed: number): string | undefined {
  const size = 2 ** (32 - subnet.prefix);
  const own = numberOf(subnet.gateway);
  const first = own - (own % size);
  // Neither the network's own address nor the one for all.
  const places = size - 2;
  for (let step = 0; step < places; step++) {
    const candidate = first + 1 + ((seed + step) % places);
    const text = textOf(candidate);
    if (candidate !== own && !taken.has(text)) return text;
  }
  return undefined;
}

const numberOf = (address: string): number =>
  address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

const textOf = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
