/** Names of DAGs: Dagu takes nearly any, ours are lower-case words joined by hyphens. */

import { isMap } from "./section.ts";
import { isScalar } from "./values.ts";

/** Of a file, when its DAG says none; also of a DAG that is called by its file. */
export const fileTitle = (file: string): string => file.replace(/^.*\//, "").replace(/\.ya?ml$/, "");

/** As the file calls it. */
export function titleOf(document: unknown): string | undefined {
  const name = isMap(document) ? document["name"] : undefined;
  return isScalar(name) && name !== "" ? String(name) : undefined;
}

export function dagName(title: string): string {
  const plain = title
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 64)
    .replace(/^-+|-+$/g, "");
  return plain === "" ? "dag" : plain;
}
