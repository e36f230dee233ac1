/** The folders of one attempt: made fresh, filled with the inputs, emptied of the artifacts, gone afterwards. */

import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { glob, lstat, mkdir, open, realpath, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FaultError, faultOf, pathProblem, safeJoin } from "@haversack/base";
import {
  type Artifact,
  type AttemptRef,
  artifactBytesMax,
  artifactsCountMax,
  type Digest,
  parseDigest,
} from "@haversack/protocol";
import type { AttemptFolders } from "../execute/executor.ts";
import { blobChunkBytes, type Connection } from "../session/dial.ts";
import { folderName } from "../spool/attempt-spool.ts";

export class Workspace {
  readonly folders: AttemptFolders;
  readonly #root: string;
  readonly #ref: AttemptRef;
  readonly #connection: Connection;
  /** Inputs that are whole: after a broken link the others are placed again. */
  readonly #placed = new Set<string>();
  /** Inputs of which only the beginning has arrived. */
  readonly #partial = new Map<string, { readonly hash: Hash; length: number }>();

  private constructor(ref: AttemptRef, root: string, connection: Connection) {
    this.#ref = ref;
    this.#root = root;
    this.#connection = connection;
    this.folders = { work: join(root, "work"), control: join(root, "control") };
  }

  /** @param parent the worker's folder of work folders */
  static async create(ref: AttemptRef, parent: string, connection: Connection): Promise<Workspace> {
    const workspace = new Workspace(ref, join(parent, folderName(ref)), connection);
    await workspace.remove();
    await mkdir(workspace.folders.work, { recursive: true, mode: 0o700 });
    await mkdir(workspace.folders.control, { recursive: true, mode: 0o700 });
    return workspace;
  }

  async remove(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Each file is verified as it arrives. */
  async placeInputs(inputs: readonly Artifact[], signal: AbortSignal): Promise<void> {
    for (const input of inputs) {
      if (this.#placed.has(input.path)) continue;
      await this.#place(input, signal);
      this.#placed.add(input.path);
    }
  }

  async #place(input: Artifact, signal: AbortSignal): Promise<void> {
    const path = safeJoin(this.folders.work, input.path);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const partial = this.#partial.get(input.path) ?? { hash: createHash("sha256"), length: 0 };
    const file = await open(path, partial.length > 0 ? "a" : "wx", input.executable ? 0o755 : 0o644);
    try {
      this.#partial.set(input.path, partial);
      for await (const data of this.#connection.getBlob(this.#ref, input.digest, partial.length, signal)) {
        await file.appendFile(data);
        partial.hash.update(data);
        partial.length += data.length;
      }
    } catch (error) {
      // What has arrived stays, for the next try to go on with.
      if (partial.length === 0) await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    if (`sha256:${partial.hash.digest("hex")}` === input.digest) return;
    throw new FaultError("corrupt", "input_corrupt", `the input ${input.path} arrived damaged`);
  }

  /** Finds, hashes and stores what the step leaves. A pattern that matches nothing is an error that names it. */
  async collectArtifacts(patterns: readonly string[], signal: AbortSignal): Promise<Artifact[]> {
    const paths = new Set<string>();
    for (const pattern of patterns) {
      const found = await this.#match(pattern);
      if (found.length === 0) {
        throw new FaultError(
          "missing",
          "artifact_missing",
          `the step left no file that matches \`artifacts: ${pattern}\``,
        );
      }
      for (const path of found) paths.add(path);
      if (paths.size > artifactsCountMax) {
        const message = `more than ${artifactsCountMax} artifacts match \`artifacts: ${pattern}\``;
        throw new FaultError("invalid", "too_many_artifacts", message);
      }
    }
    const artifacts: Artifact[] = [];
    for (const path of [...paths].toSorted()) artifacts.push(await this.#store(path, signal));
    return artifacts;
  }

  /** Regular files below the work folder. Stops looking when there are too many. */
  async #match(pattern: string): Promise<string[]> {
    const root = await realpath(this.folders.work);
    const found: string[] = [];
    for await (const path of glob(pattern, { cwd: root })) {
      const name = path.replaceAll("\\", "/");
      if (pathProblem(name) !== undefined) continue;
      const full = join(root, path);
      // A path that leads through a symbolic link is another file's, wherever that is.
      if (!(await lstat(full)).isFile() || (await realpath(full)) !== full) continue;
      found.push(name);
      if (found.length > artifactsCountMax) break;
    }
    return found;
  }

  async #store(path: string, signal: AbortSignal): Promise<Artifact> {
    const full = safeJoin(this.folders.work, path);
    const { size, mode } = await lstat(full);
    if (size > artifactBytesMax) {
      throw new FaultError(
        "invalid",
        "artifact_too_large",
        `${path} has ${size} bytes, at most ${artifactBytesMax}`,
      );
    }
    const hash = createHash("sha256");
    for await (const data of createReadStream(full)) hash.update(data as Buffer);
    const digest = parseDigest(`sha256:${hash.digest("hex")}`);
    await this.#upload(full, { digest, size }, signal);
    return { path, digest, size, executable: (mode & 0o100) !== 0 };
  }

  /** Goes on where an upload of the same bytes was cut off, this one's or another's. */
  async #upload(full: string, blob: { digest: Digest; size: number }, signal: AbortSignal): Promise<void> {
    const { existed, bytesHeld } = await this.#connection.findBlob(this.#ref, blob.digest, signal);
    if (existed) return;
    const offset = bytesHeld <= blob.size ? bytesHeld : 0;
    const put = async (start: number): Promise<void> => {
      const data = createReadStream(full, { highWaterMark: blobChunkBytes, start });
      await this.#connection.putBlob(this.#ref, { ...blob, offset: start }, data, signal);
    };
    try {
      await put(offset);
    } catch (error) {
      // What was held was not what it should be, and is thrown away by now.
      if (offset === 0 || faultOf(error) !== "corrupt") throw error;
      await put(0);
    }
  }
}
