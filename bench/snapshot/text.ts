/** Text and bytes that look like what people keep in a skill, the same on every machine. */

import { createCipheriv } from "node:crypto";

const words =
  `the of to and a in is it for on with that as be this by or are from at an not if when which each file line value name
  step run task report table column result check read write list path folder output input number error message before
  after only every first last between without should must can may does use used using make made keep kept find found
  order change changes release version commit branch review summary detail section heading example command option
  argument default required optional format plain short long count total average percent figure source target record
  field query answer question prompt agent skill memory model token limit budget schedule deadline owner team customer
  invoice account balance ledger payment contract policy region server client request response header body status
  network storage database index cache queue message event signal timer retry failure success warning notice careful
  never always usually sometimes rarely explain describe compare measure verify confirm collect gather combine split`
    .split(/\s+/)
    .filter((word) => word !== "");

/** From 0 (included) to 1 (excluded). */
export type Draw = () => number;

/** Mulberry32: small, fast, and good enough to choose words. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Does not compress. */
export function randomBytes(seed: number, count: number): Uint8Array {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed >>> 0);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(count));
}

/** Exactly `count` bytes of Markdown: headings, paragraphs, lists, blocks of code. */
export function markdown(draw: Draw, count: number): string {
  const blocks = [heading, paragraph, paragraph, list, paragraph, codeBlock];
  return cut(draw, count, (index) => (blocks[index % blocks.length] ?? paragraph)(draw));
}

/** Exactly `count` bytes of a shell script. */
export function script(draw: Draw, count: number): string {
  return `#!/bin/sh\nset -eu\n${cut(draw, Math.max(0, count - 18), () => command(draw))}`.slice(0, count);
}

function cut(draw: Draw, count: number, next: (index: number) => string): string {
  const pieces: string[] = [];
  let length = 0;
  for (let index = Math.floor(draw() * 6); length < count; index++) {
    const piece = next(index);
    pieces.push(piece);
    length += piece.length;
  }
  return pieces.join("").slice(0, count);
}

const between = (draw: Draw, min: number, max: number): number => min + Math.floor(draw() * (max - min + 1));

/** Few words are frequent, most are rare, as in any language. */
const word = (draw: Draw): string => words[Math.floor(words.length * draw() ** 2)] ?? "";

const phrase = (draw: Draw, count: number): string =>
  Array.from({ length: count }, () => (draw() < 0.04 ? `\`${name(draw)}\`` : word(draw))).join(" ");

const name = (draw: Draw): string => `${word(draw)}_${word(draw)}_${between(draw, 1, 999)}`;

function sentence(draw: Draw): string {
  const text = phrase(draw, between(draw, 6, 18));
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const heading = (draw: Draw): string => `\n## ${sentence(draw).slice(0, -1)}\n\n`;

const paragraph = (draw: Draw): string =>
  `${Array.from({ length: between(draw, 2, 6) }, () => sentence(draw)).join(" ")}\n\n`;

const list = (draw: Draw): string =>
  `${Array.from({ length: between(draw, 3, 7) }, () => `- ${phrase(draw, between(draw, 3, 12))}\n`).join("")}\n`;

const command = (draw: Draw): string =>
  `${word(draw)} --${word(draw)}=${between(draw, 1, 9999)} "$${word(draw).toUpperCase()}/${name(draw)}.txt" | ${word(draw)}\n`;

const codeBlock = (draw: Draw): string =>
  `\`\`\`sh\n${Array.from({ length: between(draw, 2, 6) }, () => command(draw)).join("")}\`\`\`\n\n`;
