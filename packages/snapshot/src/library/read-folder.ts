/**
 * The files of a library as bytes: the only place that lists folders. Regular files alone; a link, a device or a socket
 * is a problem of the item that it lies in, because what it points to is not part of the library.
 */

import { constants, type Dirent } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, systemCodeOf } from "@haversack/base";
import type { FileMode } from "../format/content.ts";

export interface LibraryFile {
  /** Relative to the library, `/` between segments. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: FileMode;
}

export interface FolderProblem {
  readonly path: string;
  readonly message: string;
}

export interface FolderContent {
  readonly files: ReadonlyMap<string, LibraryFile>;
  readonly problems: readonly FolderProblem[];
}

const topFiles = ["config.yaml", "mcp.json", ".allowed-strings"];
const topFolders = ["memory", "models", "profiles", "skills", "souls"];
/** All that a library is read from. */
export const libraryEntries: readonly string[] = [...topFiles, ...topFolders];
/** A library is made by hand; more than this is a mistake, such as a home folder. */
const filesMax = 20_000;
const depthMax = 20;

/** `only`: one of the folders instead of all. */
export async function readFolder(
  folder: string,
  fileBytesMax: number,
  only?: string,
): Promise<FolderContent> {
  const reader = new FolderReader(folder, fileBytesMax);
  for (const name of topFiles) await reader.file(name, true);
  for (const name of only === undefined ? topFolders : [only]) await reader.folder(name, true);
  return { files: reader.files, problems: reader.problems };
}

class FolderReader {
  readonly files = new Map<string, LibraryFile>();
  readonly problems: FolderProblem[] = [];
  readonly #root: string;
  readonly #fileBytesMax: number;

  constructor(root: string, fileBytesMax: number) {
    this.#root = root;
    this.#fileBytesMax = fileBytesMax;
  }

  async folder(path: string, mayLack: boolean): Promise<void> {
    if (path.split("/").length > depthMax)
      return this.#problem(path, `is nested deeper than ${depthMax} folders`);
    let entries: Dirent[];
    try {
      entries = await this.#entries(path);
    } catch (error) {
      if (!(mayLack && systemCodeOf(error) === "ENOENT"))
        this.#problem(path, `cannot be read: ${messageOf(error)}`);
      return;
    }
    for (const entry of entries) await this.#entry(`${path}/${entry.name}`, entry);
  }

  /** In an order that does not depend on the file system. A link in the place of a folder is not followed. */
  async #entries(path: string): Promise<Dirent[]> {
    const handle = await open(
      join(this.#root, path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY,
    );
    await handle.close();
    const entries = await readdir(join(this.#root, path), { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #entry(path: string, entry: Dirent): Promise<void> {
    if (entry.isDirectory()) await this.folder(path, false);
    else if (entry.isFile()) await this.file(path, false);
    else this.#problem(path, `is ${kindOf(entry)}; only regular files can be part of a snapshot`);
  }

  async file(path: string, mayLack: boolean): Promise<void> {
    if (this.files.size >= filesMax)
      return this.#problem(path, `is one file too many: a library has at most ${filesMax}`);
    try {
      await this.#read(path);
    } catch (error) {
      const code = systemCodeOf(error);
      if (mayLack && code === "ENOENT") return;
      const link = code === "ELOOP" || code === "EMLINK";
      this.#problem(
        path,
        link
          ? "is a link; only regular files can be part of a snapshot"
          : `cannot be read: ${messageOf(error)}`,
      );
    }
  }

  async #read(path: string): Promise<void> {
    // Not blocking, so that a pipe in the place of a file cannot hold us.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await open(join(this.#root, path), flags);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return this.#problem(path, "is not a regular file");
      if (stat.size > this.#fileBytesMax)
        return this.#problem(path, `has more than ${this.#fileBytesMax} bytes`);
      const bytes = await handle.readFile();
      this.files.set(path, { path, bytes, mode: modeOf(stat.mode, bytes) });
    } finally {
      await handle.close();
    }
  }

  #problem(path: string, message: string): void {
    this.problems.push({ path, message });
  }
}

function kindOf(entry: Dirent): string {
  if (entry.isSymbolicLink()) return "a link";
  return entry.isSocket() ? "a socket" : "a device or a pipe";
}

/** Windows keeps no exec bit: there a file that names its interpreter counts as executable. */
function modeOf(mode: number, bytes: Uint8Array): FileMode {
  const executable =
    join("a", "b") === "a\\b" ? bytes[0] === 0x23 && bytes[1] === 0x21 : (mode & 0o100) !== 0;
  return executable ? "0755" : "0644";
}
