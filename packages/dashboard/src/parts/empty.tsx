/** Nothing to show, and what to do about it. */

import type { ReactNode } from "react";

interface EmptyParts {
  readonly title: string;
  readonly children: ReactNode;
}

export function Empty({ title, children }: EmptyParts) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}
