/**
 * The installer: what it renders into a folder, and that the services of it start, work and stop by exactly the lines and the
 * environment of their units. The folder stands for `/`, so its name is put before each path.
 */

import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, readlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { createClient } from "@haversack/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { noSignal } from "../support/fleet.ts";
import { execute, fakeProgram, install, npm, startService } from "../support/installed.ts";
import { readUnit } from "../support/systemd-unit.ts";
import { tempFolder } from "../support/temp-folder.ts";

const unitPath = (role: string): string => `etc/systemd/system/haversack-${role}.service`;

describe("the installer", () => {
  test("refuses what it cannot do, and says what to do instead", async () => {
    await using folder = await tempFolder();
    const root = ["--root", folder.path, "--no-start"];
    expect(await install(root)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--worker") as string,
    });
    expect((await install(["--worker", "--coordinator", ...root])).stderr).toContain("one of");
    expect((await install(["--worker", "--prefix", "relative", ...root])).stderr).toContain("absolute");
    expect((await install(["--worker", "--url", "http://x\nUser=root", ...root])).stderr).toContain(
      "not in an address",
    );
    expect((await install(["--worker", "--prefix"])).stderr).toContain("--prefix needs a value");
    await fakeProgram(join(folder.path, "bin"), "uname", '[ "$1" = -s ] && echo Linux || echo riscv64');
    const PATH = `${join(folder.path, "bin")}${delimiter}${process.env["PATH"] ?? ""}`;
    const { code, stderr } = await install(["--worker", ...root], { PATH });
    expect([code, stderr]).toEqual([
      2,
      "install.sh: unknown architecture riscv64: x86_64 and aarch64 are supported\n",
    ]);
    expect(existsSync(join(folder.path, "opt"))).toBe(false);
  });

  test.each([
    ["aarch64", "linux-arm64"],
    ["x86_64", "linux-x64"],
  ])("knows %s, and a dry run changes nothing", async (machine, told) => {
    await using folder = await tempFolder();
    await fakeProgram(join(folder.path, "bin"), "uname", `[ "$1" = -s ] && echo Linux || echo ${machine}`);
    const PATH = `${join(folder.path, "bin")}${delimiter}${process.env["PATH"] ?? ""}`;
    const root = join(folder.path, "root");
    const { code, stdout } = await install(["--worker", "--root", root, "--dry-run"], { PATH });
    expect([code, stdout]).toEqual([0, expect.stringContaining(told)]);
    expect(stdout).toContain("would run: npm ci --omit=dev");
    expect(existsSync(root)).toBe(false);
  });
});

describe("what it renders", () => {
  let root = "";
  let remove: () => PromiseLike<void>;

  beforeAll(async () => {
    const folder = await tempFolder("haversack-install");
    remove = () => folder[Symbol.asyncDispose]();
    root = join(folder.path, "root");
    const env = { HAVERSACK_NPM: await npm(join(folder.path, "bin")) };
    const token = join(folder.path, "token");
    await writeFile(token, "hv1_placeholder_placeholder_placeholder\n");
    for (const args of [["--coordinator"], ["--worker", "--token-file", token]]) {
      expect(await install([...args, "--root", root], env)).toMatchObject({ code: 0, stderr: "" });
    }
    return async () => {
      await remove();
    };
  });

  test("hardens both services, and stops them by one SIGTERM", async () => {
    for (const role of ["coordinator", "worker"]) {
      const unit = await readUnit(join(root, unitPath(role)));
      const expected = {
        Type: "exec",
        User: "haversack",
        NoNewPrivileges: "yes",
        ProtectSystem: "strict",
        KillMode: "mixed",
        Restart: "on-failure",
        StateDirectory: `haversack/${role}`,
        LimitNOFILE: "65536",
      };
      for (const [key, value] of Object.entries(expected))
        expect([key, unit.all(key)]).toEqual([key, [value]]);
    }
    const worker = await readUnit(join(root, unitPath("worker")));
    expect(worker.all("Delegate")).toEqual(["yes"]);
    expect(worker.all("LoadCredential")).toEqual(["worker.token:/etc/haversack/worker.token"]);
    expect(worker.one("ExecStart")).not.toContain("hv1_");
    expect(await readlink(join(root, "opt/haversack/current"))).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("systemd finds nothing wrong with the units", async (context) => {
    const found = await execute("systemd-analyze", ["--version"]).catch(() => undefined);
    if (found === undefined) return context.skip("there is no systemd-analyze here");
    const units = ["coordinator", "worker"].map((role) => `haversack-${role}.service`);
    // The programs are looked for where they will be.
    const checked = join(root, "checked");
    await mkdir(checked);
    for (const unit of units) {
      const text = await readFile(join(root, "etc/systemd/system", unit), "utf8");
      await writeFile(join(checked, unit), text.replaceAll("=/opt/haversack", `=${root}/opt/haversack`));
    }
    const { stdout, stderr } = await execute("systemd-analyze", [
      "verify",
      "--man=no",
      ...units.map((unit) => join(checked, unit)),
    ]);
    expect(`${stdout}${stderr}`.split("\n").filter((line) => line.includes("haversack-"))).toEqual([]);
  });

  test("again, changes no configuration; the services work by the lines of their units", async () => {
    const coordinatorEnv = join(root, "etc/haversack/coordinator.env");
    await writeFile(coordinatorEnv, "HAVERSACK_LISTEN=127.0.0.1:0\nHAVERSACK_DISK_RESERVE=1MiB\n");
    const before = await readFile(join(root, "etc/systemd/system/haversack-worker.service"), "utf8");
    const env = { HAVERSACK_NPM: await npm(join(root, "../bin")) };
    expect((await install(["--worker", "--root", root], env)).code).toBe(0);
    expect(await readFile(join(root, "etc/systemd/system/haversack-worker.service"), "utf8")).toBe(before);
    expect(await readFile(coordinatorEnv, "utf8")).toContain("127.0.0.1:0");

    await using coordinator = await startService(root, unitPath("coordinator"));
    const url = /http:\/\/[\d.:]+/.exec(await coordinator.line("listening on"))?.[0] ?? "";
    const data = join(root, "var/lib/haversack/coordinator");
    await copyFile(join(data, "worker.token"), join(root, "etc/haversack/worker.token"));
    const workerEnv = join(root, "etc/haversack/worker.env");
    const text = await readFile(workerEnv, "utf8");
    await writeFile(
      workerEnv,
      text.replace("http://127.0.0.1:7420", url).replace("127.0.0.1:7421", "127.0.0.1:0"),
    );
    await using worker = await startService(root, unitPath("worker"));
    await worker.line("worker started");

    const token = (await readFile(join(data, "admin.token"), "utf8")).trim();
    const client = createClient({ url, token });
    const dag =
      'name: installed\nsteps:\n  - { id: a, run: "true" }\n  - { id: b, run: "true", depends: [a] }\n';
    const submission = { dag, fileName: "installed.yaml", params: {}, idempotencyKey: "installed" };
    const { run } = await client.submit(submission, noSignal);
    for await (const _ of client.watch(run.id, 0, noSignal));
    expect((await client.run(run.id, noSignal)).status).toBe("succeeded");
    expect(await worker.stop()).toEqual([0, null]);
    expect(await coordinator.stop()).toEqual([0, null]);
  });

  test("is taken away again; data stays unless it is to go", async () => {
    const data = join(root, "var/lib/haversack/worker");
    expect((await install(["--worker", "--uninstall", "--root", root])).code).toBe(0);
    expect(existsSync(join(root, "etc/systemd/system/haversack-worker.service"))).toBe(false);
    expect([existsSync(data), existsSync(join(root, "opt/haversack/current"))]).toEqual([true, true]);
    expect((await install(["--worker", "--uninstall", "--purge", "--root", root])).code).toBe(0);
    expect(existsSync(data)).toBe(false);
    expect((await install(["--coordinator", "--uninstall", "--root", root])).code).toBe(0);
    expect(existsSync(join(root, "opt/haversack"))).toBe(false);
  });
});
