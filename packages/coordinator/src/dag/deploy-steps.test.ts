import { describe, expect, test } from "vitest";
import { dag, open, problemsOf } from "../testing/dag-text.ts";
import { parseDag } from "./parse-dag.ts";

const deploy = (body: string, more = "") => dag(`- { id: d, deploy: ${body}${more} }`);
const pinnedImage = `ghcr.io/o/n@sha256:${"a".repeat(64)}`;

describe("a deploy step", () => {
  test("has its defaults filled in", () => {
    const step = parseDag(deploy("{ name: bot }"), "f").spec.steps[0];
    expect([step?.work, step?.onWorkerLost]).toEqual([
      {
        kind: "deploy",
        name: "bot",
        state: "running",
        image: "base",
        env: {},
        ports: [],
        restart: "on-failure",
        resources: {},
        volumes: [],
        replace: "stop-first",
        rollback: "on-failure",
      },
      "fail",
    ]);
  });

  test("may settle what the agent server lets others settle", () => {
    const env = { HAVERSACK_REHEARSAL: "1", HAVERSACK_TURNS_MAX: "8", HAVERSACK_WORK_FOLDER: "/work" };
    const text = deploy(`{ name: bot, env: ${JSON.stringify(env)} }`);
    expect(parseDag(text, "f").spec.steps[0]?.work).toMatchObject({ env });
  });

  test("keeps all that it says", () => {
    const text = dag(
      `- id: d
    deploy:
      name: bot-${open} params.zone }}
      agent: analyst
      image: ${pinnedImage}
      command: [serve, "${open} run.id }}"]
      env: { A: "${open} run.id }}", N: 1 }
      ports: [8080]
      health: { http: /healthz, port: 8080, within: 2m }
      restart: always
      resources: { cpu: 0.5, memory: 512Mi, pids: 256 }
      volumes: [{ name: data, path: /var/lib/data }]
      rollback: never
      ttl: 1h
      waitForImage: 30s`,
      `- { id: e, run: x, depends: [d], env: { U: "${open} steps.d.outputs.url }}" } }`,
    );
    expect(
      parseDag(`params: { zone: { type: string, default: a } }\n${text}`, "f").spec.steps[0]?.work,
    ).toMatchObject({
      agent: "analyst",
      image: pinnedImage,
      command: ["serve", `${open} run.id }}`],
      env: { N: "1" },
      health: { http: "/healthz", port: 8080, intervalMs: 5000, timeoutMs: 3000, withinMs: 120_000 },
      resources: { cpu: 0.5, memory: "512Mi", pids: 256 },
      volumes: [{ name: "data", path: "/var/lib/data", readOnly: false }],
      ttlMs: 3_600_000,
      waitForImageMs: 30_000,
    });
    const absent = deploy("{ name: bot, state: absent, removeVolumes: true }");
    expect(parseDag(absent, "f").spec.steps[0]?.work).toMatchObject({ state: "absent", removeVolumes: true });
  });
});

const refused: [name: string, text: string, ...expected: string[]][] = [
  ["no name", deploy("{}"), "deploy.name: is required"],
  ["a name that is none", deploy("{ name: Bot }"), "deploy.name: expected lower-case letters"],
  [
    "an image by tag",
    deploy("{ name: b, image: 'nginx:latest' }"),
    "deploy.image: expected base, or an image by digest",
  ],
  [
    "what a container must not be",
    deploy("{ name: b, privileged: true }"),
    'deploy.privileged: unknown key "privileged"',
  ],
  ["a port twice", deploy("{ name: b, ports: [80, 80] }"), "deploy.ports[1]: 80 is listed twice"],
  ["no port at all", deploy("{ name: b, ports: [0] }"), "deploy.ports[0]"],
  [
    "two ways to ask",
    deploy("{ name: b, health: { http: /, tcp: true, port: 1 } }"),
    "deploy.health: expected exactly one of http, tcp, command; found 2",
  ],
  [
    "nowhere to ask",
    deploy("{ name: b, health: { tcp: true } }"),
    "deploy.health: expected the `port` to ask",
  ],
  [
    "a probe longer than all of them",
    deploy("{ name: b, health: { command: [x], timeout: 2m } }"),
    "deploy.health.timeout: one probe",
  ],
  [
    "a size without a unit",
    deploy("{ name: b, resources: { memory: '512' } }"),
    "deploy.resources.memory: expected a size such as 512Mi",
  ],
  [
    "the container's own paths",
    deploy("{ name: b, volumes: [{ name: v, path: /etc/x }] }"),
    "deploy.volumes[0].path: /etc belongs to the container",
  ],
  [
    "a path that is none",
    deploy("{ name: b, volumes: [{ name: v, path: /a/../b }] }"),
    "deploy.volumes[0].path: expected an absolute path",
  ],
  [
    "a volume in another",
    deploy("{ name: b, volumes: [{ name: v, path: /data }, { name: w, path: /data/w }] }"),
    "deploy.volumes[1].path: lies within or around /data",
  ],
  [
    "two that write to one volume",
    deploy("{ name: b, replace: start-first, volumes: [{ name: v, path: /data }] }"),
    "deploy.volumes[0]: `replace: start-first` runs the old and the new one side by side",
  ],
  [
    "a reserved variable",
    deploy("{ name: b, env: { HAVERSACK_X: y } }"),
    "deploy.env.HAVERSACK_X: HAVERSACK_X is reserved",
  ],
  [
    "a name that only another step knows",
    deploy(`{ name: "${open} steps.x.outputs.y }}" }`),
    "deploy.name: a label, a concurrency key and the name of a deployment may use params only",
  ],
  [
    "items under one name",
    deploy("{ name: b }", ", foreach: [1, 2]"),
    "deploy.name: each item would replace what the one before deployed: name the item in it",
  ],
  [
    "volumes that go with what stays",
    deploy("{ name: b, removeVolumes: true }"),
    "`deploy.removeVolumes` goes with `state: absent`",
  ],
  [
    "secrets of what is removed",
    deploy("{ name: b, state: absent }", ", secrets: [t]"),
    "`secrets` are of no use to what is removed",
  ],
  [
    "what is removed, and how it runs",
    deploy("{ name: b, state: absent, ports: [1] }"),
    "`deploy.ports` says how it runs",
  ],
  [
    "what belongs to commands",
    deploy("{ name: b }", ", env: { A: b }, outputs: [x], inputs: [y]"),
    "`env` does not reach a container",
    "`outputs` of a deploy step are always",
    "`inputs` do not reach a container",
  ],
];

test("items deploy when each has a name of its own; a secret is named by the step", () => {
  const text = deploy(`{ name: "b-${open} item }}" }`, ", foreach: [1, 2], secrets: [token]");
  expect(parseDag(text, "f").spec.steps[0]?.secrets).toEqual([
    { variable: "TOKEN", from: { secret: "token" } },
  ]);
});

describe("what is wrong is named with its place", () => {
  test.each(refused)("%s", (_name, text, ...expected) => {
    expect(problemsOf(text)).toEqual(expected.map((each) => expect.stringContaining(each)));
  });
});
