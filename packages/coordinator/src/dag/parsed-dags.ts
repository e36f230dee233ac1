/** DAGs that were submitted lately. The same text is read and checked once, however many runs it starts. */

import { sortedJson } from "@haversack/base";
import { type Digest, type DotenvTexts, parseDigest } from "@haversack/protocol";
import { digestOf } from "@haversack/snapshot";
import { type ParsedDag, parseDag } from "./parse-dag.ts";

export interface KnownDag extends ParsedDag {
  readonly digest: Digest;
  /** The spec as one text: for a database's thread it is many times cheaper to take over. */
  readonly json: string;
}

/** Characters of all texts together. What is made of a text takes some thirty times as many bytes. */
const charactersMax = 4 * 1024 * 1024;

export class ParsedDags {
  /** Oldest use first. */
  readonly #known = new Map<string, KnownDag>();
  readonly #charactersMax: number;
  #characters = 0;

  constructor(max = charactersMax) {
    this.#charactersMax = max;
  }

  /** Throws ProblemsError, like {@link parseDag}; what is wrong is not kept. */
  get(text: string, file: string, dotenv: DotenvTexts = {}): KnownDag {
    // How long the first part is says where the text begins: no two of them have one key.
    const beside = JSON.stringify([file, dotenv]);
    const key = `${beside.length} ${beside}${text}`;
    const dag = this.#known.get(key) ?? known(parseDag(text, file, dotenv));
    if (!this.#known.delete(key)) this.#characters += key.length;
    this.#known.set(key, dag);
    for (const oldest of this.#known.keys()) {
      if (this.#characters <= this.#charactersMax) break;
      this.#known.delete(oldest);
      this.#characters -= oldest.length;
    }
    return dag;
  }
}

const known = (parsed: ParsedDag): KnownDag => ({
  ...parsed,
  digest: digestOfDag(parsed),
  json: JSON.stringify(parsed.spec),
});

/** What agents get by default is part of the DAG: two that differ there alone must not share a source. */
export const digestOfDag = ({ spec, agentDefaults }: ParsedDag): Digest =>
  parseDigest(digestOf(sortedJson({ ...spec, defaultsAgent: agentDefaults })));
