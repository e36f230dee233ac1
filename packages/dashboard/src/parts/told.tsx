/** Text that somebody else wrote: as text, its direction its own, what would hide or turn it shown as an escape. */

import { printable } from "@haversack/base";

interface ToldParts {
  readonly text: string;
}

export function Told({ text }: ToldParts) {
  return <bdi>{printable(text)}</bdi>;
}
