/** What a person asks of a worker; everything may be left out. */
export interface WorkerAsked {
  /** `http://HOST:PORT` of the coordinator; of several on one database with commas between them. */
  readonly coordinator?: string;
  /** The worker token of the coordinator. */
  readonly token?: string;
  /** Folder of the cache, the spool and the work folders; `./.haversack/worker` when left out. */
  readonly dataDir?: string;
  /** Steps at once; the number of cores when left out. */
  readonly slots?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Milliseconds for which a stop waits for what runs; without limit when left out. */
  readonly drainTimeoutMs?: number;
  /** `127.0.0.1:PORT` of health and metrics, port 0: any free one; none when left out. */
  readonly healthListen?: string;
  /** For people; the host name when left out. */
  readonly name?: string;
}
