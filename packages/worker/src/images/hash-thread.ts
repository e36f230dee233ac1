/** A thread that reads a file from its first byte to its last and says its SHA-256. */

import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

const file = openSync(String(workerData), "r");
const hash = createHash("sha256");
const chunk = Buffer.alloc(1024 * 1024);
for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk))
  hash.update(chunk.subarray(0, read));
closeSync(file);
parentPort?.postMessage(hash.digest("hex"));
