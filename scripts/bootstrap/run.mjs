import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, join } from "node:path";

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** Runs `node ...args` to its end and answers its exit code; what this process is told, the child is told. */
export function run(node, args, root) {
  const path = [join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter);
  // The sources are compiled once, not at each start of one of the processes.
  const cache = process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "compile");
  const env = { ...process.env, PATH: path, NODE_COMPILE_CACHE: cache };
  const child = spawn(node, args, { stdio: "inherit", env });
  const forward = (signal) => child.kill(signal);
  for (const signal of forwarded) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      for (const each of forwarded) process.off(each, forward);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
