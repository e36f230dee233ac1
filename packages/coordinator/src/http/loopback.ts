/** Addresses of this host that nobody outside of it reaches. */

/** @param address as a socket tells it, such as `127.0.0.1`, `::1` or `::ffff:127.0.0.1` */
export const isLoopback = (address: string): boolean =>
  /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$|^::1$/.test(address);
