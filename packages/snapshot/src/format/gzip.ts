/** One gzip member with a fixed header: no time, no name, level 6. The digest names the content, not these bytes. */

import { gzipSync } from "fflate";

const gzipHeaderBytes = 10;
const gzipTrailerBytes = 8;
/** Never fewer, even without a deflate stream between them. */
export const gzipBytesMin = gzipHeaderBytes + gzipTrailerBytes;

export function gzip(content: Uint8Array): Uint8Array {
  return gzipSync(content, { mtime: 0, level: 6 });
}

/** What the trailer claims about the content. The caller has checked that there are at least 18 bytes. */
export function readTrailer(bytes: Uint8Array): { readonly crc32: number; readonly size: number } {
  const view = new DataView(
    bytes.buffer,
    bytes.byteOffset + bytes.length - gzipTrailerBytes,
    gzipTrailerBytes,
  );
  return { crc32: view.getUint32(0, true), size: view.getUint32(4, true) };
}
