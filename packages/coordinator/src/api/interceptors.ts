/** What becomes of an error on its way to the client. */

import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { FaultError, type Log, messageOf, systemCodeOf } from "@haversack/base";
import { toConnectError } from "@haversack/protocol";

/** Faults leave with their code; what nobody classified leaves as "internal", its cause in the log. */
export function mapErrors(log: Log): Interceptor {
  return (next) => async (request) => {
    const convert = (error: unknown): ConnectError => {
      // Nobody is left to tell, and nothing went wrong here.
      if (isPeerGone(error)) return new ConnectError("the caller is gone", Code.Canceled);
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

/** The connection went away while something was read from it or written to it. */
const isPeerGone = (error: unknown): boolean =>
  /^ERR_(HTTP2_(INVALID_STREAM|STREAM_ERROR|INVALID_SESSION|SESSION_ERROR)|STREAM_(PREMATURE_CLOSE|DESTROYED))$/.test(
    systemCodeOf(error) ?? "",
  );

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
