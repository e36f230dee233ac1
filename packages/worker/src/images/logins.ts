/**
 * Names and passwords by host, as `worker.json` has them. One that stands in the coordinator's vault is asked for each time
 * it is needed and kept by nobody: a secret that was set anew counts from the next try on.
 */

import { FaultError, messageOf } from "@haversack/base";
import type { Credentials, HostCredentials } from "../config/image-settings.ts";
import { FlightFault } from "./flight-fault.ts";

/** What the coordinator gives to its workers for fetching images. */
export interface RegistryVault {
  getRegistrySecret(name: string, signal: AbortSignal): Promise<string>;
}

export interface Logins {
  /** Undefined: there are none for the host. Rejects with FlightFault, or the signal's reason. */
  of(host: string, signal: AbortSignal): Promise<HostCredentials | undefined>;
  /** Some are the coordinator's, and what it has now may be right in a minute. */
  readonly mayChange: boolean;
}

export interface LoginParts {
  readonly credentials: Credentials;
  readonly vault?: RegistryVault;
}

export const openLogins = ({ credentials, vault }: LoginParts): Logins => ({
  mayChange: [...credentials.values()].some(({ password }) => typeof password !== "string"),
  async of(host, signal) {
    const found = credentials.get(host);
    if (found === undefined) return undefined;
    const { username, password } = found;
    if (typeof password === "string") return { username, password };
    if (vault === undefined) throw new FlightFault("auth", `there is no vault with a password for ${host}`);
    try {
      return { username, password: await vault.getRegistrySecret(password.secret, signal) };
    } catch (error) {
      throw signal.aborted ? error : faultFor(host, password.secret, error);
    }
  },
});

function faultFor(host: string, name: string, error: unknown): FlightFault {
  const isRefused =
    error instanceof FaultError && (error.fault === "missing" || error.code === "permission_denied");
  const message = `the secret "${name}" for ${host} is not to be had: ${messageOf(error)}`;
  // The registry was not asked: whoever sets the secret now need not wait.
  return isRefused
    ? new FlightFault("auth", message, { cause: error, retryAfterMs: 0 })
    : new FlightFault("network", message, { cause: error });
}
