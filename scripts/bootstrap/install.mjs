// Installs what is missing, once, however many start at the same time.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, delimiter } from "node:path";
import { ended } from "./ended.mjs";
import { whyInstall } from "./installed.mjs";
import { withInstallLock } from "./lock.mjs";
import { problem } from "./problem.mjs";

const outputCharactersMax = 64_000;
const linesMax = 15;
const unreachable = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/;

export async function install(root) {
  if (whyInstall(root) === undefined) return;
  await withInstallLock(root, async (alsoHeldBy) => {
    // Somebody else may have done it while this process waited.
    const why = whyInstall(root);
    if (why === undefined) return;
    await npmCi(root, why, alsoHeldBy);
    const still = whyInstall(root);
    if (still !== undefined)
      throw problem(`npm ci ended well, but ${still}. Try again after: rm -rf node_modules`);
  });
}

async function npmCi(root, why, onStart) {
  const startedAt = Date.now();
  const progress = showProgress(
    `haversack: installing with npm ci (${why}; some 700 MB on disk, no scripts are run)`,
  );
  const { code, output } = await spawnNpm(root, onStart);
  progress.end();
  if (code === 0) {
    console.error(`haversack: installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
    return;
  }
  const advice = unreachable.test(output)
    ? "The package registry could not be reached. The first start needs it once; behind a mirror or a proxy, set it " +
      "with `npm config set registry URL` or HTTPS_PROXY."
    : "Those are npm's own words.";
  throw problem(`npm ci failed (exit code ${code}).\n${essence(output)}\n${advice}`);
}

/** What npm said, without the manual that it appends. */
function essence(output) {
  const lines = output.split("\n").filter((line) => /^npm error \S/.test(line));
  const manual = lines.findIndex((line) => /^npm error (Clean install a project|Usage:)/.test(line));
  const said = manual < 0 ? lines : lines.slice(0, manual);
  const more = said.length > linesMax ? [`… and ${said.length - linesMax} more lines`] : [];
  return [...said.slice(0, linesMax), ...more].join("\n");
}

function spawnNpm(root, onStart) {
  const { command, first } = npmCommand();
  const args = [
    ...first,
    "ci",
    "--ignore-scripts",
    "--include=dev",

    "--no-fund",
    "--no-audit",
  ];
  // npm must not run on a Node that it is about to remove.
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const child = spawn(command, [...args, "--loglevel=error"], {
    cwd: root,
    env: { ...process.env, PATH: path.join(delimiter) },
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32" && first.length === 0,
  });
  return ended(child, { charactersMax: outputCharactersMax, onStart }).catch((error) => {
    throw problem(`npm could not be started: ${error.message}`);
  });
}

/** The npm that started this, on the Node it runs on; else the one in PATH. */
function npmCommand() {
  const { npm_execpath: npm = "", npm_node_execpath: node = "" } = process.env;
  const isNpm = basename(npm) === "npm-cli.js" && existsSync(npm);
  if (isNpm && existsSync(node) && !node.includes("node_modules")) return { command: node, first: [npm] };
  return { command: "npm", first: [] };
}

/** One line that shows life: it counts in place on a terminal, and says so now and then elsewhere. */
function showProgress(text) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  const live = process.stderr.isTTY;
  process.stderr.write(live ? text : `${text}\n`);
  const timer = setInterval(
    () =>
      process.stderr.write(
        live ? `\r${text} ${seconds()} s` : `haversack: still installing, ${seconds()} s\n`,
      ),
    live ? 1_000 : 15_000,
  );
  return {
    end() {
      clearInterval(timer);
      if (live) process.stderr.write("\n");
    },
  };
}
