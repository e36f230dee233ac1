/** A moment in the reader's own time. */

interface MomentParts {
  /** Milliseconds since 1970. */
  readonly at: number;
}

const form = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

export function Moment({ at }: MomentParts) {
  const date = new Date(at);
  return <time dateTime={date.toISOString()}>{form.format(date)}</time>;
}
