/** Says what has changed to who hears the page, when they have a moment. */

import { useStore } from "./page-context.ts";

export function Announcer() {
  const { no, text } = useStore((state) => state.said);
  return (
    <div className="unseen" aria-live="polite" role="status">
      <span key={no}>{text}</span>
    </div>
  );
}
