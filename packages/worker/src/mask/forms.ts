/**
 * The forms in which programs print a value: as it is, in base64 (also in the middle of something longer), in hex, in
 * URLs, JSON and HTML, and quoted for shells. A program that changes a value in another way gets it past the masker.
 */

/** Shorter values are not masked: they would blank out ordinary text. */
export const maskedBytesMin = 6;
/** Of a value of several lines each line is a secret of its own, if it is not one that stands everywhere. */
const lineBytesMin = 12;
/** Where `base64` and `openssl` break lines. */
const wrapWidths = [76, 64] as const;

/** Each form once, none shorter than {@link maskedBytesMin}. */
export function formsOf(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  const values = [value, value.trim(), ...lines.filter((line) => Buffer.byteLength(line) >= lineBytesMin)];
  const forms = [...new Set(values)].flatMap((each) => [
    each,
    ...base64Forms(Buffer.from(each)),
    ...hexForms(Buffer.from(each)),
    ...percentForms(each),
    ...jsonForms(each),
    ...htmlForms(each),
    ...shellForms(each),
  ]);
  return [...new Set(forms)].filter((form) => Buffer.byteLength(form) >= maskedBytesMin);
}

/** What of the encoding is decided by the value alone, after 0, 1 or 2 bytes of something else; and the whole of it. */
function base64Forms(bytes: Buffer): string[] {
  const whole = bytes.toString("base64");
  const cores = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const wrapped = wrapWidths.flatMap((width) =>
    whole.length > width ? [...whole.matchAll(new RegExp(`.{1,${width}}`, "g"))].map(([line]) => line) : [],
  );
  const all = [whole, whole.replace(/=+$/, ""), ...cores, ...wrapped];
  return [...all, ...all.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))];
}

function hexForms(bytes: Buffer): string[] {
  const hex = bytes.toString("hex");
  return [hex, hex.toUpperCase()];
}

/** What is left as it is by encodeURIComponent, encodeURI, RFC 3986, Python's quote, and forms. */
const kept = [/[\w.!~*'()-]/, /[\w.!~*'();/?:@&=+$,#-]/, /[\w.~-]/, /[\w.~/-]/, /[\w.*-]/] as const;

function percentForms(value: string): string[] {
  return kept.flatMap((safe) => {
    const upper = [...Buffer.from(value)].map((byte) => percent(byte, safe)).join("");
    const lower = upper.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
    return [upper, lower, upper.replaceAll("%20", "+"), lower.replaceAll("%20", "+")];
  });
}

function percent(byte: number, safe: RegExp): string {
  const character = String.fromCharCode(byte);
  if (byte < 128 && safe.test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

function jsonForms(value: string): string[] {
  const inner = (text: string): string => JSON.stringify(text).slice(1, -1);
  const plain = inner(value);
  const ascii = escapeUnits(plain, /[\u0080-\uffff]/g);
  const html = escapeUnits(plain, /[<>&]/g);
  const once = [plain, plain.replaceAll("/", "\\/"), ascii, ascii.replaceAll("/", "\\/"), html];
  const all = [...once, ...once.map((text) => text.replace(/\\u[0-9a-f]{4}/g, upperCode))];
  // A log line in JSON that quotes JSON.
  return [...all, inner(plain), inner(ascii)];
}

const upperCode = (code: string): string => `\\u${code.slice(2).toUpperCase()}`;

const escapeUnits = (text: string, which: RegExp): string =>
  text.replace(which, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

function htmlForms(value: string): string[] {
  const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const quoted = escaped.replaceAll('"', "&quot;");
  return [escaped, quoted, quoted.replaceAll("'", "&#39;"), quoted.replaceAll("'", "&#x27;")];
}

/** Between the quotes, or without any. */
/** What `printf %q` of bash puts a backslash before; ~ and # only at the beginning. */
const bashSpecial = /[\s'"`$&*()[\];<>|\\?{},^!]/g;

function shellForms(value: string): string[] {
  return [
    value.replaceAll("'", "'\\''"),
    value.replaceAll("'", `'"'"'`),
    value.replaceAll(/["$`\\!]/g, "\\$&"),
    value.replaceAll(/["$`\\]/g, "\\$&"),
    ...[bashSpecial, /[\s'"`$&*()[\];<>|\\?{},^!~#=]/g, /[^\w\u0080-\uffff]/g].map((special) =>
      value.replaceAll(special, "\\$&"),
    ),
    value.replaceAll(bashSpecial, "\\$&").replace(/^[~#]/, "\\$&"),
    ansiQuoted(value),
  ];
}

const ansiNames: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\v", "\\v"],
  ["\u001b", "\\E"],
  ["\\", "\\\\"],
  ["'", "\\'"],
]);

/** As bash writes inside `$'...'`. */
function ansiQuoted(value: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is quoted
  return value.replace(/[\u0000-\u001f\\'\u007f]/g, (character) => {
    const code = character.charCodeAt(0).toString(8).padStart(3, "0");
    return ansiNames.get(character) ?? `\\${code}`;
  });
}
