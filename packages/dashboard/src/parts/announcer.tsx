/** Says what has changed to who hears the page, when they have a moment. */

import { printable } from "@haversack/base";
import { useStore } from "./page-context.ts";

export function Announcer() {
  const said = useStore((state) => state.said);
  return (
    <div className="unseen" aria-live="polite" role="log">
      {said.map(({ no, text }) => (
        <p key={no}>{printable(text)}</p>
      ))}
    </div>
  );
}
