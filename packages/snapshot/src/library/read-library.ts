import { SnapshotError } from "../errors.ts";
import type { Library } from "./library.ts";

export interface ReadLibraryOptions {
  /** What problems call the folder, such as `agents`; absent: the folder as it was given. */
  readonly label?: string;
}

/** Reads the whole folder, which may lack any part. Never rejects for what the files say: that is in `problems`. */
export async function readLibrary(folder: string, _options: ReadLibraryOptions = {}): Promise<Library> {
  throw new SnapshotError("snapshot_invalid", `not there yet: ${folder}`);
}
