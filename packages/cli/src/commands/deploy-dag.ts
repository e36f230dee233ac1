/** What `haversack deploy` was asked, as a DAG of one step. The coordinator checks what it says. */

import { usage } from "../options.ts";

export interface DeployAsked {
  readonly image?: string;
  readonly agent?: string;
  readonly env?: ReadonlyMap<string, string>;
  readonly port?: readonly string[];
  readonly healthHttp?: string;
  readonly healthTcp?: string;
  readonly workerLabel?: ReadonlyMap<string, string>;
  readonly secret?: ReadonlyMap<string, string>;
  readonly volume?: readonly string[];
  readonly memory?: string;
  readonly cpu?: string;
  readonly replace?: string;
  readonly ttl?: string;
  readonly waitForImage?: string;
}

/** Throws FaultError `invalid` for what is no option's form. */
export function deployDag(name: string, words: readonly string[], asked: DeployAsked): string {
  const { image, agent, env, port, workerLabel, secret, volume, replace, ttl, waitForImage } = asked;
  const resources = defined({ memory: asked.memory, cpu: cpuOf(asked.cpu) });
  const deploy = defined({
    name,
    image,
    agent,
    command: words.length === 0 ? undefined : words,
    env: env === undefined ? undefined : Object.fromEntries(env),
    ports: port?.map((text) => portOf(text, "--port")),
    health: healthOf(asked),
    resources: Object.keys(resources).length === 0 ? undefined : resources,
    volumes: volume?.map(volumeOf),
    replace,
    ttl,
    waitForImage,
  });
  const step = defined({
    id: "deploy",
    deploy,
    worker: workerLabel === undefined ? undefined : Object.fromEntries(workerLabel),
    secrets: secret === undefined ? undefined : Object.fromEntries(secret),
  });
  // JSON is YAML.
  return `${JSON.stringify({ name: "deploy", labels: { deployment: name }, steps: [step] }, undefined, 2)}\n`;
}

const defined = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

function healthOf({ healthHttp, healthTcp }: DeployAsked): object | undefined {
  if (healthHttp !== undefined && healthTcp !== undefined)
    throw usage("give --health-http or --health-tcp, not both");
  if (healthTcp !== undefined) return { tcp: true, port: portOf(healthTcp, "--health-tcp") };
  if (healthHttp === undefined) return undefined;
  const [, http, port] = /^(\/\S*):(\d{1,5})$/.exec(healthHttp) ?? [];
  if (http === undefined || port === undefined)
    throw usage(
      `--health-http: expected a path and a port such as /healthz:8080, found ${shown(healthHttp)}`,
    );
  return { http, port: portOf(port, "--health-http") };
}

function portOf(text: string, option: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw usage(`${option}: expected a port from 1 to 65535, found ${shown(text)}`);
}

function cpuOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const cores = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (cores > 0) return cores;
  throw usage(`--cpu: expected a number of cores such as 0.5 or 2, found ${shown(text)}`);
}

function volumeOf(text: string): object {
  const [, name, path, readOnly] = /^([^:]+):(\/[^:]*)(:ro)?$/.exec(text) ?? [];
  if (name === undefined || path === undefined)
    throw usage(
      `--volume: expected NAME:PATH or NAME:PATH:ro such as data:/var/lib/data, found ${shown(text)}`,
    );
  return { name, path, ...(readOnly === undefined ? {} : { readOnly: true }) };
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 80));
