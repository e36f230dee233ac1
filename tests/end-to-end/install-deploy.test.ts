/**
 * Workers that deploy, as services (I12): what the installer is told about engines and images stands in the unit, as systemd
 * reads it, and what makes no sense is refused before anything is written.
 */

import { chown, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { deploySettings } from "../../packages/worker/src/config/deploy-settings.ts";
import { settleImages } from "../../packages/worker/src/config/image-settings.ts";
import { emptyHost, home, written } from "../support/empty-host.ts";
import { repositoryRoot } from "../support/fleet.ts";
import { execute, install } from "../support/installed.ts";
import { readUnit } from "../support/systemd-unit.ts";
import { tempFolder } from "../support/temp-folder.ts";

const words = {
  off: ["0", "false", "no", "off", "FALSE", " Off "],
  lazy: ["lazy", "LAZY", " lazy"],
  eager: ["1", "true", "yes", "eager", "Yes", "EAGER "],
} as const;

describe.each(["system", "user"] as const)("a worker of the %s", (scope) => {
  test("goes by what the installer was told about the base image, in each word, and by nothing where it was told nothing", async () => {
    await using host = await emptyHost(scope);
    const policy = async () => settleImages({}, await host.variables(), {}).prefetch;
    expect(await host.install()).toMatchObject({ code: 0, stderr: "" });
    expect(await policy()).toEqual({ policy: "lazy", source: "default" });
    for (const [meant, spelled] of Object.entries(words))
      for (const word of spelled) {
        expect([word, (await host.install("--prefetch-base-image", word)).code]).toEqual([word, 0]);
        expect([word, await policy()]).toEqual([word, { policy: meant, source: "environment" }]);
      }
    // What is not said again stays, and is there once.
    expect((await host.install("--images-max-rate", "4MiB")).code).toBe(0);
    expect(await policy()).toEqual({ policy: "eager", source: "environment" });
    const settings = await readFile(host.settings, "utf8");
    expect(settings.match(/HAVERSACK_PREFETCH_BASE_IMAGE/g)).toHaveLength(1);
    expect(settleImages({}, await host.variables(), {}).bytesPerSecondMax).toBe(4 * 1024 ** 2);
  });

  test.each([
    [
      "--prefetch-base-image",
      "sometimes",
      "expected off (or 0, false, no), lazy, or eager (or 1, true, yes)",
    ],
    ["--prefetch-base-image", "eager\nUser=root", "expected off (or 0, false, no)"],
    ["--deploy", "dokcer", "expected docker, podman, lxd, incus, auto or off"],
    ["--deploy", "docker=run.sock", "such as docker=/run/docker.sock"],
    ["--deploy", "auto=/run/docker.sock", "expected docker, podman"],
    ["--deploy", "docker=/run/a b.sock", "not in a path of a unit: /run/a b.sock"],
    ["--takes", "deploy", "expected all or deploys, found deploy"],
    ["--images-max-rate", "fast", "expected bytes a second such as 4MiB"],
    ["--images-max-rate", "0", "expected bytes a second such as 4MiB"],
    ["--images-dir", "images", "not an absolute path: images"],
    ["--images-dir", "/srv/%h", "not in a path of a unit"],
    ["--socket-group", "docker", "--socket-group goes with --deploy ENGINE"],
  ])("is not made of %s %j", async (option, value, told) => {
    await using host = await emptyHost(scope);
    const { code, stderr } = await host.install(option, value);
    expect([code, stderr]).toEqual([2, expect.stringContaining(told)]);
    expect(await written(host)).toEqual([]);
  });
});

/** Where an engine listens, as far as a file tells. */
async function socketAt(path: string, group: number): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ path, writableAll: true }, resolve));
  await chown(path, process.getuid?.() ?? 0, group);
  return {
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

describe("the socket of an engine", () => {
  const groups = async () => {
    const lines = (await readFile("/etc/group", "utf8")).split("\n").map((line) => line.split(":"));
    const [name = "", , id] = lines.find(([each]) => each === "users") ?? [];
    return { name, id: Number(id) };
  };

  test("is given by its group, when somebody names that, and taken back", async (context) => {
    if (process.getuid?.() !== 0) return context.skip("only root can give a socket to a group");
    await using host = await emptyHost("system");
    const { name, id } = await groups();
    await using _docker = await socketAt(join(host.root, "run/docker.sock"), id);
    const refused = await host.install("--deploy", "docker");
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining(`belongs to group ${name}; whoever may use it is root on this host`),
    ]);
    expect((await host.install("--deploy", "docker", "--socket-group", "wheel")).stderr).toContain(
      `belongs to group ${name}, not to wheel`,
    );
    expect(await written(host)).toEqual([]);
    const given = await host.install("--deploy", "auto", "--socket-group", name);
    expect([given.code, given.stdout]).toEqual([0, expect.stringContaining("are root on this host")]);
    expect(given.stdout).toContain("--takes deploys");
    expect((await host.install("--takes", "deploys")).code).toBe(0);
    expect(deploySettings({}, await host.variables())).toMatchObject({ takes: "deploys" });
    const unit = () => readUnit(join(host.root, host.unit));
    expect((await unit()).all("SupplementaryGroups")).toEqual([name]);
    expect(deploySettings({}, await host.variables())).toMatchObject({
      engine: "docker",
      socket: "/run/docker.sock",
    });
    // An upgrade leaves it; another folder of images is opened to the service.
    expect((await host.install("--images-dir", "/srv/images")).code).toBe(0);
    expect([(await unit()).all("SupplementaryGroups"), (await unit()).all("ReadWritePaths")]).toEqual([
      [name],
      ["/srv/images"],
    ]);
    expect((await host.install("--deploy", "off")).code).toBe(0);
    expect((await unit()).all("SupplementaryGroups")).toEqual([]);
    expect(deploySettings({}, await host.variables())).toBeUndefined();
    expect((await host.install("--uninstall")).code).toBe(0);
    expect((await written(host)).toSorted()).toEqual(["worker.env"]);
  });

  test("that no group may use, or that is not there yet, is given to nobody by guess", async () => {
    await using host = await emptyHost("system");
    const told = async (...args: string[]) => (await host.install(...args)).stderr;
    expect(await told("--deploy", "auto", "--socket-group", "docker")).toContain(
      "there is no container engine",
    );
    expect(await told("--deploy", "lxd")).toContain("there is no /var/lib/lxd/unix.socket yet");
    expect(await told("--deploy", "podman=/run/user/1000/podman/podman.sock")).toContain("--user");
    await using _podman = await socketAt(join(host.root, "run/podman/podman.sock"), process.getgid?.() ?? 0);
    if (process.getgid?.() === 0)
      expect(await told("--deploy", "podman", "--socket-group", "root")).toContain("SocketGroup=");
    expect(await written(host)).toEqual([]);
    expect((await host.install("--deploy", "lxd", "--socket-group", "lxd")).code).toBe(0);
    expect((await readUnit(join(host.root, host.unit))).all("SupplementaryGroups")).toEqual(["lxd"]);
  });
});

test("systemd finds nothing wrong with what is rendered", async (context) => {
  const found = await execute("systemd-analyze", ["--version"]).catch(() => undefined);
  if (found === undefined) return context.skip("there is no systemd-analyze here");
  for (const scope of ["system", "user"] as const) {
    await using host = await emptyHost(scope);
    const group = scope === "system" ? ["--socket-group", "lxd"] : [];
    const more = ["--deploy", "lxd", ...group, "--images-dir", "/srv/images", "--prefetch-base-image", "no"];
    expect(await host.install(...more)).toMatchObject({ code: 0, stderr: "" });
    // The programs are looked for where they will be.
    const folder = dirname(join(host.root, host.unit));
    const text = await readFile(join(host.root, host.unit), "utf8");
    await writeFile(join(host.root, host.unit), text.replaceAll("=/", `=${host.root}/`));
    const args = [`--${scope}`, "verify", "--man=no", join(folder, "haversack-worker.service")];
    const { stdout, stderr } = await execute("systemd-analyze", args, {
      env: { ...process.env, XDG_RUNTIME_DIR: host.root },
    });
    expect(`${stdout}${stderr}`.split("\n").filter((line) => line.includes("haversack-"))).toEqual([]);
  }
});

test("an installer that leaves a place open writes nothing", async () => {
  await using host = await emptyHost("system");
  await using folder = await tempFolder("hv-scripts");
  const scripts = join(folder.path, "scripts");
  await cp(join(repositoryRoot, "scripts"), scripts, { recursive: true });
  const text = join(scripts, "units/haversack-worker.service");
  await writeFile(
    text,
    `${await readFile(text, "utf8")}Environment=HAVERSACK_PREFETCH_BASE_IMAGE=@@PREFETCH@@\n`,
  );
  const args = ["--worker", "--root", host.root, "--keep-program"];
  const { code, stderr } = await install(args, home, join(scripts, "install.sh"));
  expect([code, stderr]).toEqual([2, expect.stringContaining("nothing is known for @@PREFETCH@@")]);
  expect(await written(host)).toEqual([]);
});
