/**
 * The one door of the API: who calls, and may it. Deny by default: a method without a rule is refused, and what a method
 * asks for is read from the contract, never from a path or a header.
 */

import type { DescField, Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Permission } from "@haversack/protocol";
import { type Authenticate, credentialOf } from "../auth/authenticate.ts";
import { type Caller, callerKey, peerKey } from "../auth/caller.ts";
import { type MethodRule, methodName, permits, roleFor } from "../auth/permissions.ts";

export function authorize(rules: ReadonlyMap<string, MethodRule>, authenticate: Authenticate): Interceptor {
  return (next) => async (request) => {
    const name = methodName(request.method);
    const rule = rules.get(name);
    if (rule === undefined) throw denied(`${name} is not served`);
    if (rule.permission === "public") return await next(request);
    const peer = request.contextValues.get(peerKey);
    const caller = await authenticate(credentialOf(request.header.get("authorization"), peer));
    requirePermission(caller, rule.permission, `call ${name}`);
    if (!request.stream) {
      for (const { field, permission } of filled(rule, request.message))
        requirePermission(caller, permission, `fill ${field.name} of ${name}`);
    }
    request.contextValues.set(callerKey, caller);
    return await next(request);
  };
}

/** What a request was checked for, besides its method: seen after it was decoded, whatever its form was. */
function filled({ fields }: MethodRule, message: Message): MethodRule["fields"] {
  return fields.filter(({ field }) => isSet(field, message));
}

const isSet = (field: DescField, message: Message): boolean => reflect(field.parent, message).isSet(field);

function requirePermission({ role }: Caller, permission: Permission, what: string): void {
  if (permits(role, permission)) return;
  const least = roleFor(permission);
  const orMore = permits("admin", permission) && least !== "admin" ? " or a higher one" : "";
  throw denied(`the role ${role} may not ${what}: it needs the role ${least}${orMore}`);
}

const denied = (message: string): ConnectError => new ConnectError(message, Code.PermissionDenied);
