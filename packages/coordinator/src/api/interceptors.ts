/**
 * What every call passes: who is it, may it, and what becomes of an error. Deny by default: a method of a service that
 * is not in the table is refused.
 */

import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { FaultError, type Log, messageOf } from "@haversack/base";
import { toConnectError, WorkerService } from "@haversack/protocol";
import { callerKey } from "../auth/caller.ts";
import type { Role, Tokens } from "../auth/tokens.ts";

/** Asked before there is a token; says nothing but that the process lives. */
const open = new Set(["grpc.health.v1.Health"]);

const allowed: Readonly<Record<Role, (service: string) => boolean>> = {
  admin: (service) => service !== WorkerService.typeName,
  worker: (service) => service === WorkerService.typeName,
};

export function authorize(tokens: Tokens): Interceptor {
  return (next) => async (request) => {
    const service = request.service.typeName;
    if (!open.has(service)) {
      request.contextValues.set(callerKey, check(tokens, request.header.get("authorization"), service));
    }
    return await next(request);
  };
}

function check(tokens: Tokens, header: string | null, service: string): Role {
  const [, token] = /^Bearer (\S{1,512})$/.exec(header ?? "") ?? [];
  if (token === undefined) {
    throw new ConnectError("a token is required: send `authorization: Bearer <token>`", Code.Unauthenticated);
  }
  const role = tokens.roleOf(token);
  if (role === undefined) {
    throw new ConnectError("the token is not valid for this coordinator", Code.Unauthenticated);
  }
  if (!allowed[role](service)) {
    throw new ConnectError(`a ${role} token may not call ${service}`, Code.PermissionDenied);
  }
  return role;
}

/** Faults leave with their code; what nobody classified leaves as "internal", its cause in the log. */
export function mapErrors(log: Log): Interceptor {
  return (next) => async (request) => {
    const convert = (error: unknown): ConnectError => {
      const known = error instanceof ConnectError || (error instanceof FaultError && error.fault !== "bug");
      if (!known) {
        const stack = error instanceof Error ? error.stack : undefined;
        log.error(
          { method: request.method.name, error: messageOf(error), stack, cause: causeOf(error) },
          "call failed",
        );
      }
      return toConnectError(error);
    };
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: guarded(response.message, convert) };
    } catch (error) {
      throw convert(error);
    }
  };
}

const causeOf = (error: unknown): string | undefined =>
  error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : undefined;

async function* guarded<T>(
  messages: AsyncIterable<T>,
  convert: (error: unknown) => ConnectError,
): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw convert(error);
  }
}
