/**
 * The one door of the API: who calls, and may it. Deny by default: a method without a rule is refused, and what a method
 * asks for is read from the contract, never from a path or a header. A call is decided once, before its message is read
 * (`first-look.ts`); what the message asks for besides is decided here, after it was decoded, whatever its form was.
 */

import { type DescMethod, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import {
  Code,
  ConnectError,
  type ContextValues,
  createContextKey,
  type Interceptor,
} from "@connectrpc/connect";
import type { Clock } from "@haversack/base";
import type { Permission } from "@haversack/protocol";
import { type Authenticate, credentialOf, whoseRefusal } from "../auth/authenticate.ts";
import { type Caller, callerKey, peerKey } from "../auth/caller.ts";
import { type MethodRule, methodName, permits, roleFor } from "../auth/permissions.ts";
import { lookAtWorkersEveryMs, whileValid } from "../auth/while-valid.ts";

export interface Door {
  readonly rules: ReadonlyMap<string, MethodRule>;
  readonly authenticate: Authenticate;
}

/** What there is of a call before its message. */
export interface CallHead {
  readonly method: DescMethod;
  readonly header: Headers;
  readonly contextValues: ContextValues;
}

/** Absent refusal: the caller may call the method. */
interface Decision {
  readonly refusal?: unknown;
}

const decisionKey = createContextKey<Promise<Decision> | undefined>(undefined, {
  description: "whether the call is let in",
});

/** Decides once for each call; sets the caller as soon as it is known, also when it is refused. Never rejects. */
export async function decide(door: Door, call: CallHead): Promise<Decision> {
  const before = call.contextValues.get(decisionKey);
  if (before !== undefined) return await before;
  const decision = look(door, call).then(
    () => ({}),
    (refusal: unknown) => {
      const whose = whoseRefusal(refusal);
      if (whose !== undefined) call.contextValues.set(callerKey, whose);
      return { refusal };
    },
  );
  call.contextValues.set(decisionKey, decision);
  return await decision;
}

async function look(
  { rules, authenticate }: Door,
  { method, header, contextValues }: CallHead,
): Promise<void> {
  const name = methodName(method);
  const rule = rules.get(name);
  if (rule === undefined) throw denied(`${name} is not served`);
  if (rule.permission === "public") return;
  const peer = contextValues.get(peerKey);
  const caller = await authenticate(credentialOf(header.get("authorization"), peer));
  peer.proved?.();
  contextValues.set(callerKey, caller);
  requirePermission(caller, rule.permission, `call ${name}`);
}

export function authorize(door: Door, clock: Clock): Interceptor {
  return (next) => async (request) => {
    const { method, header, contextValues } = request;
    const { refusal } = await decide(door, request);
    if (refusal !== undefined) throw refusal;
    const caller = contextValues.get(callerKey);
    if (caller === undefined) return await next(request);
    if (!request.stream) requireFields(caller, methodName(method), door.rules, request.message);
    const response = await next(request);
    if (!response.stream) return response;
    const credential = credentialOf(header.get("authorization"), contextValues.get(peerKey));
    const look = (): Promise<Caller> => door.authenticate(credential);
    const everyMs = caller.workerId === undefined ? undefined : lookAtWorkersEveryMs;
    return { ...response, message: whileValid(response.message, look, clock, everyMs) };
  };
}

function requireFields(caller: Caller, name: string, rules: Door["rules"], message: Message): void {
  for (const { field, permission } of rules.get(name)?.fields ?? []) {
    if (reflect(field.parent, message).isSet(field)) {
      requirePermission(caller, permission, `call ${name} with a ${field.name} of its own`);
    }
  }
}

function requirePermission({ role }: Caller, permission: Permission, what: string): void {
  if (permits(role, permission)) return;
  const least = roleFor(permission);
  const orMore = permits("admin", permission) && least !== "admin" ? " or a higher one" : "";
  throw denied(`the role ${role} may not ${what}: it needs the role ${least}${orMore}`);
}

const denied = (message: string): ConnectError => new ConnectError(message, Code.PermissionDenied);
