/** How an agent names a note: by the first characters of its id, as many as tell it from the others. */

import { shortIdMin } from "@haversack/base";

/** The ids that are meant; an id in full means itself, whatever else begins with it. */
export function idsNamed(name: string, ids: readonly string[]): string[] {
  if (ids.includes(name)) return [name];
  return name.length < shortIdMin ? [] : ids.filter((id) => id.startsWith(name));
}
