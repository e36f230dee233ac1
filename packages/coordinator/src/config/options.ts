/** What a person asks for; everything may be left out. */
export interface CoordinatorAsked {
  /** Folder of the databases, tokens and blobs; `./.haversack` when left out. */
  readonly dataDir?: string;
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; the embedded database in the data folder when left out. */
  readonly store?: string;
  /** `HOST:PORT`; port 0: any free one. `127.0.0.1:7420` when left out. */
  readonly listen?: string;
  /** The agent library; `agents` beside the current folder's `examples` or in it when left out. */
  readonly agentsDir?: string;
  /** Id of the model that agent steps use when nothing else names one; replaces `model` of config.yaml. */
  readonly model?: string;
  /** Folder of the vault; `vault` in the data folder when left out. Coordinators that share a database share it too. */
  readonly vault?: string;
  /** Milliseconds, at least 1000. */
  readonly leaseTtlMs?: number;
  /** How long a run is kept after its end: a duration such as `30d`, at least `1s`, or `off`. `30d` when left out. */
  readonly retention?: string;
  /** Milliseconds for which packs and artifacts stay that nothing names; 24 hours when left out. For tests. */
  readonly graceMs?: number;
}
