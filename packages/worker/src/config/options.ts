/** What a person asks of a worker; everything may be left out. */
export interface WorkerAsked {
  /** `http://HOST:PORT` or `https://HOST:PORT` of the coordinator; of several on one database with commas between them. */
  readonly coordinator?: string;
  /** What lets a worker join that runs on the coordinator's machine: the content of `worker.token`. */
  readonly token?: string;
  /** `hj1_...`; of no matter once the worker has joined. */
  readonly joinToken?: string;
  /** File with the certificate of the authority of a coordinator on this machine. */
  readonly localCaFile?: string;
  /** Folder of the cache, the spool and the work folders; `./.haversack/worker` when left out. */
  readonly dataDir?: string;
  /** Steps at once; the number of cores when left out. */
  readonly slots?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Milliseconds for which a stop waits for what runs; without limit when left out. */
  readonly drainTimeoutMs?: number;
  /** `127.0.0.1:PORT` of health and metrics, port 0: any free one; none when left out. */
  readonly healthListen?: string;
  /**
   * `auto`, `docker`, `podman`, `lxd` or `incus`, each but `auto` also with `=SOCKET`: the engine that runs deployments;
   * HAVERSACK_DEPLOY, or none, when left out.
   */
  readonly deploy?: string;
  /** `all` or `deploys`: which steps it takes; HAVERSACK_TAKES, or all, when left out. */
  readonly takes?: string;
  /** For people; the host name when left out. */
  readonly name?: string;
  /** `off`, `lazy` or `eager`; HAVERSACK_PREFETCH_BASE_IMAGE, then worker.json, then `lazy` when left out. */
  readonly prefetchBaseImage?: string;
  /** Bytes a second for downloads of images, such as `4MiB`; without limit when left out. */
  readonly imagesMaxRate?: string;
  /** Folder of images that are on their way; `images` in the data folder when left out. */
  readonly imagesDir?: string;
}
