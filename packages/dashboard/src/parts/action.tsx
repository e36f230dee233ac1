/** A button that says why it cannot be pressed, and can be reached all the same. */

import { useId } from "react";

interface ActionParts {
  readonly label: string;
  /** What it is about, for who hears only the button. */
  readonly about: string;
  /** Undefined: it can be pressed. */
  readonly whyNot: string | undefined;
  readonly tone?: "main" | "plain";
  readonly onPress: () => void;
}

export function Action({ label, about, whyNot, tone = "plain", onPress }: ActionParts) {
  const id = useId();
  return (
    <span className="action" title={whyNot}>
      <button
        type="button"
        className={tone}
        aria-disabled={whyNot !== undefined}
        aria-describedby={whyNot === undefined ? undefined : id}
        onClick={() => whyNot === undefined && onPress()}
      >
        {label} <span className="unseen">{about}</span>
      </button>
      {whyNot !== undefined && (
        <span id={id} className="unseen">
          {whyNot}
        </span>
      )}
    </span>
  );
}
