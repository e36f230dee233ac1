/** Counts calls of the API by method and by how they ended; a stream when it ends. */

import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { CoordinatorMetrics } from "./metrics.ts";

export function countCalls(metrics: CoordinatorMetrics): Interceptor {
  return (next) => async (request) => {
    const method = `${request.service.typeName}/${request.method.name}`;
    const ended = (error: unknown): void => metrics.requested(method, codeOf(error));
    try {
      const response = await next(request);
      if (!response.stream) {
        ended(undefined);
        return response;
      }
      return { ...response, message: counted(response.message, ended) };
    } catch (error) {
      ended(error);
      throw error;
    }
  };
}

const codeOf = (error: unknown): string =>
  error === undefined
    ? "ok"
    : Code[ConnectError.from(error).code].replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();

async function* counted<T>(messages: AsyncIterable<T>, ended: (error: unknown) => void): AsyncIterable<T> {
  let failure: unknown;
  try {
    yield* messages;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    ended(failure);
  }
}
