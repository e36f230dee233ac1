/** The DAGs that a DAG can start, each read once and known by its digest: what the planner asks for by name. */

import { FaultError, faultOf } from "@haversack/base";
import { type Digest, type DotenvTexts, parseDigest } from "@haversack/protocol";
import { digestOf, type PlannableDag } from "@haversack/snapshot";
import { type ParsedDag, parseDag } from "../dag/parse-dag.ts";
import { digestOfDag } from "../dag/parsed-dags.ts";
import { plannableDag, plannableFile } from "../dag/plannable-dag.ts";
import type { Store } from "../store/store.ts";

/** A DAG as it was read. */
export interface ReadDag {
  readonly parsed: ParsedDag;
  /** The whole file, even of a local DAG. */
  readonly text: string;
}

export interface StoredText {
  readonly source: string;
  readonly fileName: string;
  readonly dotenv?: DotenvTexts;
}

/** Undefined: there is no stored DAG of this name. */
export type ReadStored = (name: string) => Promise<StoredText | undefined>;

export const storedDags =
  (store: Pick<Store, "read">): ReadStored =>
  async (name) =>
    await store.read.dagRead({ name }).catch((error: unknown) => {
      if (faultOf(error) === "missing") return undefined;
      throw error;
    });

export const sha256 = (text: string): Digest => parseDigest(digestOf(text));

/** The DAG of a file, or a local one of it. */
export function readDag(
  text: string,
  file: string,
  { local, dotenv }: { readonly local?: string; readonly dotenv?: DotenvTexts } = {},
): ReadDag {
  const home = parseDag(text, file, dotenv);
  if (local === undefined) return { parsed: home, text };
  const parsed = home.locals?.get(local);
  if (parsed !== undefined) return { parsed, text };
  throw new FaultError("missing", "unknown_dag", `${file} has no DAG ${local} under \`dags\``);
}

export class ReachedDags {
  readonly root: PlannableDag;
  /** The first DAG is named by itself, or by one that it reaches. */
  isRootCalled = false;
  readonly #root: ReadDag;
  readonly #readStored: ReadStored;
  readonly #byDigest = new Map<string, ReadDag>();
  readonly #answers = new Map<string, Promise<PlannableDag | undefined>>();
  readonly #byName = new Map<string, ParsedDag>();

  constructor(root: ReadDag, readStored: ReadStored) {
    this.#root = root;
    this.#readStored = readStored;
    this.root = this.#known(root, root.parsed.spec.localOf === undefined ? "file" : "local");
  }

  /** The same answer to the same name, whatever is stored in the meantime. */
  async resolve(name: string): Promise<PlannableDag | undefined> {
    const answer = this.#answers.get(name) ?? this.#find(name);
    this.#answers.set(name, answer);
    return await answer;
  }

  of(digest: string): ReadDag | undefined {
    return this.#byDigest.get(digest);
  }

  /** One that was asked for by this name. */
  named(name: string): ParsedDag | undefined {
    return this.#byName.get(name);
  }

  async #find(name: string): Promise<PlannableDag | undefined> {
    // A DAG may call itself before it is stored.
    if (this.#root.parsed.spec.localOf === undefined && name === this.#root.parsed.spec.name) {
      this.isRootCalled = true;
      this.#byName.set(name, this.#root.parsed);
      return this.root;
    }
    const stored = await this.#readStored(name);
    if (stored === undefined) return undefined;
    const found = readDag(stored.source, stored.fileName, { dotenv: stored.dotenv ?? {} });
    this.#byName.set(name, found.parsed);
    return this.#known(found, "store");
  }

  #known({ parsed, text }: ReadDag, origin: string): PlannableDag {
    for (const local of parsed.locals?.values() ?? []) this.#remember({ parsed: local, text });
    const digest = this.#remember({ parsed, text });
    const plannable = plannableFile(parsed, (local) => ({
      ...plannableDag(local),
      digest: digestOfDag(local),
    }));
    return { ...plannable, digest, origin };
  }

  #remember(dag: ReadDag): Digest {
    const digest = digestOfDag(dag.parsed);
    this.#byDigest.set(digest, dag);
    return digest;
  }
}
