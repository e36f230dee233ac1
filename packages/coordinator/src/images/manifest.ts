/**
 * `images.json`: the base image for all architectures, as its publisher describes it. Written by the release, read by the
 * coordinator; what one of them would refuse, the other does too.
 */

import { FaultError, isLoopback, messageOf } from "@haversack/base";
import { type BaseImage, imageArches, parseDigest } from "@haversack/protocol";
import { fieldProblems } from "@haversack/snapshot";
import { z } from "zod";

/** What this version writes, and the only one that it reads. */
const formatVersion = 1;
const urlsMax = 16;
const urlCharactersMax = 2048;

const digits = "[0-9a-f]{64}";
const sha256 = z.string().regex(new RegExp(`^${digits}$`), "expected 64 hexadecimal digits, in lower case");
const digest = z
  .string()
  .regex(new RegExp(`^sha256:${digits}$`), "expected sha256: and 64 hexadecimal digits, in lower case");
/** Below 2^53: what JSON and JavaScript keep exactly. */
const bytes = z.int("expected a whole number of bytes below 2^53").positive();
const url = z
  .string()
  .max(urlCharactersMax)
  .superRefine((text, context) => {
    const message = urlProblem(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

const file = {
  /** Tried in order. */
  urls: z.array(url).min(1, "expected at least one url").max(urlsMax),
  sha256,
  size: bytes,
  /** On disk, once it is imported. */
  unpacked: bytes,
};

const repository = "[a-z0-9]+(?:[._-]+[a-z0-9]+)*";
const refPattern = new RegExp(`^[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/${repository})+@sha256:${digits}$`);
const ref = z
  .string()
  .max(512)
  .regex(
    refPattern,
    "expected HOST/NAME@sha256:DIGITS: a tag is refused, for it may mean another image tomorrow",
  );

const arch = z
  .strictObject({
    /** For Docker and Podman. */
    oci: z.strictObject({ ...file, imageId: digest, manifestDigest: digest.optional() }).optional(),
    /** For LXD and Incus. */
    lxd: z.strictObject(file).optional(),
    ref: ref.optional(),
    /** For people: what is in it. */
    sbom: z.strictObject({ url, sha256 }).optional(),
  })
  .refine(({ oci, lxd }) => oci !== undefined || lxd !== undefined, "expected oci, lxd or both");

const manifest = z.strictObject({
  format: z.literal("haversack-images", 'expected "haversack-images"'),
  version: z.literal(formatVersion, `expected ${formatVersion}`),
  name: z.literal("base", 'expected "base"'),
  stamp: z
    .string()
    .regex(
      /^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$/,
      "expected at most 64 letters, digits, dots, dashes, underscores",
    ),
  /** Of the script that makes it. */
  recipe: digest,
  arches: z
    .partialRecord(z.enum(imageArches, `expected one of ${imageArches.join(", ")}`), arch)
    .refine((each) => Object.keys(each).length > 0, "expected at least one architecture"),
});

/** As it stands in the file. */
export type ImageManifest = z.infer<typeof manifest>;

/**
 * All problems at once, each with file and field.
 *
 * @param path for messages
 * Throws FaultError `invalid`.
 */
export function parseImageManifest(text: string, path: string): ImageManifest {
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch (error) {
    throw refused(path, [`is no JSON: ${messageOf(error)}`]);
  }
  const newer = z.object({ format: z.literal("haversack-images"), version: z.int() }).safeParse(written);
  if (newer.success && newer.data.version > formatVersion) {
    const version = `version: is ${newer.data.version}, this Haversack reads ${formatVersion}`;
    throw refused(path, [`${version}: use a later Haversack, or an earlier file`]);
  }
  const parsed = manifest.safeParse(written);
  if (parsed.success) return parsed.data;
  const problems = fieldProblems(parsed.error, manifest, written);
  throw refused(
    path,
    problems.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)),
  );
}

/** What workers are told of it. */
export function baseImageOf({ stamp, recipe, arches }: ImageManifest): BaseImage {
  const files = Object.entries(arches).map(([name, { oci, lxd, ref: pinned }]) => {
    const image = {
      ...(oci === undefined ? {} : { oci: fileOf(oci) }),
      ...(lxd === undefined ? {} : { lxd: fileOf(lxd) }),
      ...(pinned === undefined ? {} : { ref: pinned }),
    };
    return [name, image] as const;
  });
  return { stamp, recipe: parseDigest(recipe), arches: new Map(files) };
}

type WrittenFile = NonNullable<NonNullable<ImageManifest["arches"]["x64"]>["oci" | "lxd"]> & {
  readonly imageId?: string;
  readonly manifestDigest?: string | undefined;
};

function fileOf({ urls, sha256: hex, size, unpacked, imageId, manifestDigest }: WrittenFile) {
  return {
    urls,
    sha256: parseDigest(`sha256:${hex}`),
    size,
    unpacked,
    ...(imageId === undefined ? {} : { imageId }),
    ...(manifestDigest === undefined ? {} : { manifestDigest }),
  };
}

const urlForms = "expected https://..., file:///..., or http://... of this host";

function urlProblem(text: string): string | undefined {
  const parsed = URL.parse(text);
  if (parsed === null) return `is no URL: ${urlForms}`;
  const { protocol, hostname, username, password, hash } = parsed;
  if (username !== "" || password !== "") return "has a password in it: credentials belong to the worker";
  if (hash !== "") return "has a fragment, which is never sent";
  if (protocol === "file:") return hostname === "" ? undefined : `names the host ${hostname}: ${urlForms}`;
  if (protocol === "https:") return undefined;
  if (protocol !== "http:") return `has the scheme ${protocol}: ${urlForms}`;
  return isLoopback(hostname.replace(/^\[(.*)\]$/, "$1")) ? undefined : `is unprotected: ${urlForms}`;
}

function refused(path: string, problems: readonly string[]): FaultError {
  const lines = problems.map((problem) => `${path}: ${problem}`);
  return new FaultError("invalid", "bad_image_manifest", lines.join("\n"));
}
