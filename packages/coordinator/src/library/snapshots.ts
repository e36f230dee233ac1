/** Which pack a step gets: pinned at submission, completed with memory when it is first handed out, then kept. */

import { FaultError } from "@haversack/base";
import {
  type Digest,
  dagScope,
  digestOfBytes,
  type MemoryState,
  parseDigest,
  parseMemoryScopeName,
} from "@haversack/protocol";
import {
  addMemory,
  formatNotes,
  type MemoryInput,
  notesPath,
  type Pack,
  versionProblem,
} from "@haversack/snapshot";
import type { Store } from "../store/store.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import type { Library } from "./library.ts";

/**
 * Packs kept in memory. They are named by content, so none is ever stale. One that was collected may still be here: that
 * harms nobody, for only digests that a step of a run in progress names are asked for (the dispatcher's), and those the
 * store does not collect; so what a task names is there when its worker asks for it with GetSnapshot.
 */
const entriesMax = 256;

export class Snapshots {
  readonly library: Library;
  readonly #store: Store;
  readonly #packs = new Map<Digest, Promise<StoredPack>>();

  constructor(store: Store, library: Library) {
    this.#store = store;
    this.library = library;
  }

  async read(digest: Digest): Promise<StoredPack> {
    const known = this.#packs.get(digest);
    if (known !== undefined) return await known;
    const reading = this.#store.read.snapshotRead({ digest });
    this.#remember(digest, reading);
    return await reading;
  }

  /** The pin with the memory of this moment; the pin itself when the step reads none. */
  async withMemory(pin: StoredPack, dagName: string): Promise<StoredPack> {
    const problem = versionProblem(pin.formatVersion);
    if (problem !== undefined) throw new FaultError("invalid", "snapshot_version_unsupported", problem);
    // The excused strings count for the whole pack, so the memory alone would not do.
    const { memory, allowedStrings } = await this.library.readMemory();
    const [globalNotes, dagNotes] = await this.#store.read.memoryRead({
      scopes: [parseMemoryScopeName("global"), dagScope(dagName)],
    });
    const now = {
      global: withNotes(memory.global, globalNotes),
      dag: withNotes(memory.dags.get(dagName), dagNotes),
    };
    const { requires, secrets } = pin;
    const report = { requires, secrets, parts: pin.parts as Pack["report"]["parts"] };
    return storedPack(addMemory(pin.gzip, now, { allowedStrings, report, limits: this.library.limits }));
  }

  #remember(digest: Digest, pack: Promise<StoredPack>): void {
    const oldest = this.#packs.keys().next().value;
    if (this.#packs.size >= entriesMax && oldest !== undefined) this.#packs.delete(oldest);
    this.#packs.set(digest, pack);
    pack.catch(() => this.#packs.delete(digest));
  }
}

/** What people wrote, and beside it, as a topic of its own, what agents noted down. */
function withNotes(files: MemoryInput | undefined, notes: MemoryState | undefined): MemoryInput {
  const { text, topics } = files ?? { text: "", topics: [] };
  if (notes === undefined || notes.entries.length === 0) return { text, topics };
  // A file of the same name is a problem of the library, and not part of its memory.
  return { text, topics: [...topics, { path: notesPath, text: formatNotes(notes.entries) }] };
}

/** As the store keeps it. */
export function storedPack(pack: Pack): StoredPack {
  const { formatVersion, compressedSize, uncompressedSize, report } = pack;
  return {
    digest: digestOfBytes(pack.digest),
    formatVersion,
    compressedSize,
    uncompressedSize,
    gzip: pack.gzip,
    requires: report.requires,
    secrets: report.secrets,
    parts: report.parts.map((part) => ({ ...part, digest: parseDigest(part.digest) })),
  };
}
