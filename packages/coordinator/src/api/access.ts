/** What every call passes, in order: who is it, may it, and what becomes of an error. */

import type { Interceptor } from "@connectrpc/connect";
import type { Log } from "@haversack/base";
import { type Authenticate, type Authenticator, authenticateBy } from "../auth/authenticate.ts";
import { methodRules } from "../auth/permissions.ts";
import { authorize } from "./authorize.ts";
import { mapErrors } from "./interceptors.ts";
import { services } from "./routes.ts";

export interface Access {
  readonly interceptors: Interceptor[];
  /** For requests that are no calls of a service. */
  readonly authenticate: Authenticate;
}

/** @param credentials asked in order. Throws FaultError `bug` when a method does not declare who may call it. */
export function createAccess(credentials: readonly Authenticator[], log: Log): Access {
  const authenticate = authenticateBy(credentials);
  return { authenticate, interceptors: [mapErrors(log), authorize(methodRules(services), authenticate)] };
}
