/** What a person asks for; everything may be left out. */
export interface CoordinatorAsked {
  /** Folder of the databases, tokens and blobs; `./.haversack` when left out. */
  readonly dataDir?: string;
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; the embedded database in the data folder when left out. */
  readonly store?: string;
  /** `HOST:PORT`; port 0: any free one. `127.0.0.1:7420` when left out. */
  readonly listen?: string;
  /** `auto`: a certificate of the cluster's own authority; `off`, or left out: none, unless files are named. */
  readonly tls?: string;
  /** PEM files, read again when they change. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** Names and addresses by which others reach the coordinator. */
  readonly tlsNames?: readonly string[];
  /** `HOST:PORT` for workers with certificates; there is none when left out. */
  readonly listenWorkers?: string;
  /** Folder of the cluster's own authority, shared by coordinators of one database; `ca` in the data folder when left out. */
  readonly caDir?: string;
  /** The authority of that folder becomes the one that the database knows. */
  readonly caReplace?: boolean;
  /** Lets a public listener be without TLS. */
  readonly allowInsecurePublicListener?: boolean;
  /** Milliseconds for which a worker's certificate is valid; 7 days when left out. For tests. */
  readonly workerCertTtlMs?: number;
  /** Where other coordinators of the database reach this one: an URL, or `off`; the listener's when left out. */
  readonly advertise?: string;
  /** The agent library; `agents` beside the current folder's `examples` or in it when left out. */
  readonly agentsDir?: string;
  /** Folder of the built web page; none is served when left out. */
  readonly pageDir?: string;
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
  /** `images.json`: the base image of deployments; there is none when left out. */
  readonly images?: string;
  /** PEM file of the public key that its signature is checked with. */
  readonly imagesKey?: string;
  /** It counts without a signature. */
  readonly imagesUnsigned?: boolean;
  /** What a deploy builds in where there is no base image. */
  readonly fallbackImage?: string;
  /** The script that it builds with. */
  readonly imageRecipe?: string;
  /** Secrets of the vault that workers may have for fetching images, each `NAME`, or `NAME@POOL` for those of a pool. */
  readonly registrySecrets?: readonly string[];
  /** Downloads of images at once in the fleet: `20` when left out. */
  readonly imagePermits?: string;
}
