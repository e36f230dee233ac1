/** What every call passes, in order: what becomes of an error, who did what, who is it and may it. */

import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import type { Ports, Service } from "@haversack/base";

import { type Authenticate, type Authenticator, authenticateBy } from "../auth/authenticate.ts";
import { methodRules } from "../auth/permissions.ts";
import type { Store } from "../store/store.ts";
import { accessRoutes, tokensIn } from "./access-service.ts";
import { createAudit } from "./audit-calls.ts";
import { authorize } from "./authorize.ts";
import { limitTime } from "./deadlines.ts";
import { lookFirst } from "./first-look.ts";
import { mapErrors } from "./interceptors.ts";
import { services } from "./routes.ts";

export interface AccessParts {
  readonly store: Pick<Store, "read" | "write">;
  /** Asked in order, before the tokens of the store. */
  readonly credentials: readonly Authenticator[];
  readonly ports: Ports;
}

export interface Access {
  readonly interceptors: Interceptor[];
  /** For requests that are no calls of a service. Rejects with Unauthenticated. */
  readonly authenticate: Authenticate;
  /** These routes and those of access itself, behind the door. */
  readonly guard: (routes: (router: ConnectRouter) => void) => (router: ConnectRouter) => void;
  /** A door of another listener, with credentials of its own and nothing but the routes that it is given. */
  readonly also: (credentials: readonly Authenticator[]) => Pick<Access, "interceptors" | "guard">;
  /** Stopped after what takes calls. */
  readonly auditLog: Service;
}

/** Throws FaultError `bug` when a method does not declare who may call it. */
export function createAccess({ store, credentials, ports }: AccessParts): Access {
  const { clock, log } = ports;
  const rules = methodRules(services);
  const tokens = tokensIn(store, clock);
  const door = { rules, authenticate: authenticateBy([...credentials, tokens.authenticate]) };
  const audit = createAudit({ rules, append: (args) => store.write.auditAppend(args), ports });
  const guard: Access["guard"] = (routes) => (router) => {
    accessRoutes({ store, tokens, clock })(router);
    routes(router);
    lookFirst(router, door);
  };
  const also: Access["also"] = (others) => {
    const own = { rules, authenticate: authenticateBy(others) };
    return {
      interceptors: [mapErrors(log), limitTime(clock), audit.calls, authorize(own, clock)],
      guard: (routes) => (router) => {
        routes(router);
        lookFirst(router, own);
      },
    };
  };
  return {
    interceptors: [mapErrors(log), limitTime(clock), audit.calls, authorize(door, clock)],
    also,
    authenticate: door.authenticate,
    guard,
    auditLog: audit.log,
  };
}
