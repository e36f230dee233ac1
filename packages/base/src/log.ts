/** What a part may say about itself. pino fits it; tests use {@link silentLog} or collect lines. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The same log, with fields that stand in every line. */
export const logWith = (log: Log, always: object): Log => ({
  debug: (fields, message) => log.debug({ ...always, ...fields }, message),
  info: (fields, message) => log.info({ ...always, ...fields }, message),
  warn: (fields, message) => log.warn({ ...always, ...fields }, message),
  error: (fields, message) => log.error({ ...always, ...fields }, message),
});

const ignore = (): void => {};

export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
