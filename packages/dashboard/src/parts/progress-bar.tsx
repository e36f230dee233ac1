/** A bar as long as the server says, or one without a length: a fraction is never made up. */

interface BarParts {
  /** Undefined: nobody knows. */
  readonly percent: number | undefined;
  /** What it says to who hears it. */
  readonly text: string;
  readonly label: string;
}

export function ProgressBar({ percent, text, label }: BarParts) {
  const known = percent === undefined ? {} : { "aria-valuenow": percent };
  return (
    <div
      role="progressbar"
      className={percent === undefined ? "bar endless" : "bar"}
      aria-label={label}
      aria-valuetext={text}
      {...known}
    >
      <div className="fill" style={percent === undefined ? {} : { width: `${percent}%` }} />
    </div>
  );
}
