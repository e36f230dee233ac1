/** What must hold in a container of the base image, whichever engine runs it and whichever path it came by. */

import { FaultError } from "@haversack/base";
import type { Arch } from "./arch.ts";
import type { Recipe } from "./recipe.ts";

export interface Container {
  /** Standard output; throws when the command fails. As the user of the container. */
  exec(argv: readonly string[]): Promise<string>;
  /** SIGTERM, and SIGKILL after ten seconds. */
  stop(): Promise<{ readonly exitCode: number | undefined; readonly ms: number }>;
  /** Whether it is there or not. */
  remove(): Promise<void>;
}

export interface Expected {
  readonly arch: Arch;
  readonly recipe: Pick<Recipe, "file" | "lock">;
  /** `sha256:…` */
  readonly digest: string;
}

/** Tenths of a second; an emulated processor needs a minute and more to start Node. */
const tries = { native: 300, emulated: 3000 };
const stopMsMax = 5000;
const rootsMin = 100;

const fail = (message: string) => new FaultError("corrupt", "smoke_failed", message);

function same(what: string, found: string, expected: string): void {
  if (found !== expected)
    throw fail(`${what} is ${JSON.stringify(found.slice(0, 300))}; expected ${JSON.stringify(expected)}`);
}

/** Answers what was found, for people. */
export async function checkContainer(container: Container, expected: Expected): Promise<string> {
  const proof = JSON.parse(await container.exec(["cat", "/etc/haversack-base.json"])) as Record<
    string,
    string
  >;
  same("the stamp", proof["stamp"] ?? "", expected.recipe.file.stamp);
  same("the recipe", proof["recipe"] ?? "", expected.digest);
  same("the architecture", proof["arch"] ?? "", expected.arch);
  const patience = expected.arch === process.arch ? tries.native : tries.emulated;
  await becomesTini(container, patience);
  await checkProcess(container);
  await checkVersions(container, expected);
  const roots = Number(
    await container.exec(["grep", "-c", "BEGIN CERTIFICATE", "/etc/ssl/certs/ca-certificates.crt"]),
  );
  if (!(roots >= rootsMin)) throw fail(`there are ${roots} TLS roots; expected ${rootsMin} and more`);
  const git = (await container.exec(["git", "--version"])).trim();
  await healthy(container, patience);
  await rehearse(container);
  const { exitCode, ms } = await container.stop();
  if (ms > stopMsMax || (exitCode ?? 0) !== 0)
    throw fail(
      `SIGTERM: it ended after ${Math.round(ms)} ms with ${exitCode}; expected 0 within ${stopMsMax} ms`,
    );
  return `${git}, ${roots} TLS roots, healthy, one turn, ended ${Math.round(ms)} ms after SIGTERM`;
}

/** What waits as process 1 looks for what it waits for ten times a second. Who never comes is told by the next check. */
async function becomesTini(container: Container, patience: number): Promise<void> {
  const script = `n=0; until [ "$(cat /proc/1/comm)" = tini ] || [ $n -ge ${patience} ]; do n=$((n + 1)); sleep 0.1; done`;
  await container.exec(["/bin/sh", "-c", script]);
}

/** Process 1 is ours, is nobody special, and can become nobody else. */
async function checkProcess(container: Container): Promise<void> {
  const status = await container.exec(["cat", "/proc/1/status"]);
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
  same("process 1", field("Name"), "tini");
  same("its user", field("Uid"), "10001\t10001\t10001\t10001");
  for (const name of ["CapInh", "CapPrm", "CapEff", "CapAmb"])
    same(`its ${name}`, field(name), "0000000000000000");
  same("its no_new_privs", field("NoNewPrivs"), "1");
}

async function checkVersions(container: Container, { arch, recipe }: Expected): Promise<void> {
  const list = await container.exec(["dpkg-query", "-W", "-f", "${Package} ${Version}\\n"]);
  const found = new Map(
    list
      .trim()
      .split("\n")
      .map((line) => line.split(" ", 2) as [string, string]),
  );
  for (const { name, version } of recipe.lock.debian[arch])
    same(`the version of ${name}`, found.get(name) ?? "none", version);
  same(
    "Node",
    (await container.exec(["/opt/haversack/bin/node", "--version"])).trim(),
    `v${recipe.file.node}`,
  );
}

/** From inside: a container of a test may have no network. */
async function healthy(container: Container, patience: number): Promise<void> {
  const script = `for (let n = 1; ; n++) {
    const answer = await fetch("http://127.0.0.1:8080/healthz").catch((error) => ({ status: 0, text: async () => String(error) }));
    if (answer.status === 200) { console.log(await answer.text()); break; }
    if (n === ${patience}) throw new Error(await answer.text());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }`;
  const answer = await container.exec(["/opt/haversack/bin/node", "--input-type=module", "-e", script]);
  if (!answer.includes('"models":["rehearsal"]')) throw fail(`/healthz answered ${answer}`);
}

async function rehearse(container: Container): Promise<void> {
  const script = `const answer = await fetch("http://127.0.0.1:8080/v1/turns", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ prompt: "Are you there?" }) });
  console.log(answer.status, await answer.text());`;
  const answer = await container.exec(["/opt/haversack/bin/node", "--input-type=module", "-e", script]);
  if (!/^200 .*I was asked: Are you there\?.*"toolCalls":1/.test(answer))
    throw fail(`a turn was answered with ${answer}`);
}
