/** A ustar archive in memory: enough for the layers and files of tests. */

export interface TarEntry {
  /** A folder ends with a slash. */
  readonly name: string;
  readonly mode?: number;
  readonly data?: Uint8Array | string;
  /** Where a symbolic link leads. */
  readonly link?: string;
  readonly uid?: number;
}

const blockBytes = 512;

export function tarArchive(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(entryBlocks), Buffer.alloc(2 * blockBytes)]);
}

function entryBlocks({ name, mode = 0o755, data = "", link, uid = 0 }: TarEntry): Buffer[] {
  const bytes = Buffer.from(data as string);
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(uid, 8), 108);
  header.write(octal(uid, 8), 116);
  header.write(octal(bytes.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write("        ", 148);
  header.write(link !== undefined ? "2" : name.endsWith("/") ? "5" : "0", 156);
  if (link !== undefined) header.write(link, 157);
  header.write("ustar\u000000", 257);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
  );
  return [header, bytes, Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes)];
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\u0000`;
}
