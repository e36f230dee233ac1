/**
 * The folders that file tools reach: the work folder, and, to read only, the step's skills. A path is checked twice,
 * as it is written and as the disk resolves it, so neither `..` nor a link leads out.
 */

import { constants, type FileHandle, lstat, mkdir, open, readdir, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { systemCodeOf } from "@haversack/base";
import { pathPattern } from "../policy.ts";
import { ToolError } from "./tool.ts";

/** How the skills folder is called in rules and in commands. */
export const skillsVariable = "HAVERSACK_SKILLS";
const fileBytesMax = 1_048_576;
const entriesMax = 20_000;

export interface Place {
  readonly absolute: string;
  /** Relative to the work folder, or `$HAVERSACK_SKILLS/...`. What rules see and models are shown. */
  readonly shown: string;
  readonly writable: boolean;
}

export class Workspace {
  readonly work: string;
  readonly skills: string | undefined;

  /** Both are real paths: no link on the way to them. */
  constructor(work: string, skills: string | undefined) {
    this.work = work;
    this.skills = skills;
  }

  /** Where a path of the model leads by its text alone. Throws {@link ToolError} when that is outside. */
  locate(path: string): Place {
    if (path.includes("\0")) throw new ToolError("a path has no NUL character");
    const named =
      this.skills === undefined
        ? path
        : path.replace(/^\$(HAVERSACK_SKILLS|\{HAVERSACK_SKILLS\})(?=\/|$)/, this.skills);
    return this.#place(isAbsolute(named) ? resolve(named) : resolve(this.work, named), path);
  }

  /** Opens a regular file to read it. */
  async openToRead(place: Place): Promise<FileHandle> {
    await this.#check(place.absolute, place);
    const file = await open(place.absolute, constants.O_RDONLY | constants.O_NONBLOCK).catch(
      (error: unknown) => {
        throw fileError(place, error);
      },
    );
    const info = await file.stat();
    if (info.isFile()) return file;
    await file.close();
    throw new ToolError(`${place.shown} is ${info.isDirectory() ? "a folder" : "no regular file"}`);
  }

  /** Text of a whole file of at most 1 MiB. */
  async readText(place: Place): Promise<string> {
    const file = await this.openToRead(place);
    try {
      const { size } = await file.stat();
      if (size > fileBytesMax)
        throw new ToolError(`${place.shown} has ${size} bytes; at most ${fileBytesMax} can be read`);
      const bytes = await file.readFile();
      if (bytes.subarray(0, 8192).includes(0))
        throw new ToolError(`${place.shown} is binary (${bytes.length} bytes)`);
      return bytes.toString("utf8");
    } finally {
      await file.close();
    }
  }

  /** Replaces or makes a file of the work folder, and the folders on the way to it. */
  async writeText(place: Place, content: string): Promise<void> {
    if (!place.writable) throw new ToolError(`${place.shown} is read-only; write into the work folder`);
    if (place.absolute === this.work) throw new ToolError("the path names the work folder itself");
    await this.#check(await nearestExisting(dirname(place.absolute)), place);
    await mkdir(dirname(place.absolute), { recursive: true });
    // Not through a link: its target was never looked at.
    const flags =
      constants.O_WRONLY |
      constants.O_CREAT |
      constants.O_TRUNC |
      constants.O_NOFOLLOW |
      constants.O_NONBLOCK;
    const file = await open(place.absolute, flags, 0o644).catch((error: unknown) => {
      throw fileError(place, error);
    });
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
  }

  /** Regular files below a folder that match, sorted; links are not followed and `.git` is left out. */
  async find(
    folder: Place,
    glob: string,
  ): Promise<{ readonly places: readonly Place[]; readonly complete: boolean }> {
    await this.#check(folder.absolute, folder);
    const pattern = pathPattern(glob);
    const places: Place[] = [];
    const folders = [folder.absolute];
    let seen = 0;
    for (let current = folders.shift(); current !== undefined; current = folders.shift()) {
      const entries = await readdir(current, { withFileTypes: true }).catch((error: unknown) => {
        throw fileError(folder, error);
      });
      for (const entry of entries) {
        if (++seen > entriesMax) return { places: sorted(places), complete: false };
        const path = join(current, entry.name);
        if (entry.isDirectory() && entry.name !== ".git") folders.push(path);
        else if (entry.isFile() && pattern.test(relative(folder.absolute, path)))
          places.push(this.#place(path, path));
      }
    }
    return { places: sorted(places), complete: true };
  }

  #place(absolute: string, asked: string): Place {
    if (isInside(this.work, absolute)) {
      return { absolute, shown: relative(this.work, absolute) || ".", writable: true };
    }
    if (this.skills !== undefined && isInside(this.skills, absolute)) {
      const inner = relative(this.skills, absolute);
      return {
        absolute,
        shown: inner === "" ? `$${skillsVariable}` : `$${skillsVariable}/${inner}`,
        writable: false,
      };
    }
    throw new ToolError(`the path ${JSON.stringify(asked)} is outside the work folder`);
  }

  /** The second look: where the disk says that the path is. */
  async #check(path: string, place: Place): Promise<void> {
    const real = await realpath(path).catch((error: unknown) => {
      throw fileError(place, error);
    });
    const root = place.writable ? this.work : (this.skills ?? this.work);
    if (!isInside(root, real)) throw new ToolError(`${place.shown} leads out of the work folder by a link`);
  }
}

function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

/** The folder itself or the closest one above it that is there. A dangling link counts as there. */
async function nearestExisting(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    const isThere = await lstat(path).then(
      () => true,
      (error: unknown) => systemCodeOf(error) !== "ENOENT",
    );
    if (isThere || path === dirname(path)) return path;
  }
}

function sorted(places: readonly Place[]): Place[] {
  return places.toSorted((a, b) => (a.shown < b.shown ? -1 : 1));
}

function fileError(place: Place, error: unknown): ToolError {
  const code = systemCodeOf(error);
  const what =
    code === "ENOENT"
      ? "does not exist"
      : code === "EISDIR"
        ? "is a folder"
        : code === "ELOOP"
          ? "is a link"
          : code === "ENOTDIR"
            ? "is no folder, or has a file where a folder should be"
            : `cannot be used (${code ?? "unknown error"})`;
  return new ToolError(`${place.shown} ${what}`, { cause: error });
}
