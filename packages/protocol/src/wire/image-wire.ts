/** Images on workers: protobuf ⇄ nouns. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  BaseImageFileSchema,
  BaseImageSchema,
  ImageOrderSchema,
  ImageProgressSchema,
  ImageStatusSchema,
  ProgressUnit,
  type BaseImage as WireBaseImage,
  type BaseImageFile as WireBaseImageFile,
  type ContainerEngine as WireEngine,
  type ImageAnswer as WireImageAnswer,
  ImageCause as WireImageCause,
  ImageMethod as WireImageMethod,
  type ImageOrder as WireImageOrder,
  type ImageProgress as WireImageProgress,
  type ImageRecipe as WireImageRecipe,
  ImageState as WireImageState,
  type ImageStatus as WireImageStatus,
} from "../gen/haversack/v1/image_pb.ts";
import {
  type BaseImage,
  type BaseImageFile,
  type ContainerEngine,
  type ImageRecipe,
} from "../model/base-image.ts";
import { digestOfBytes, digestToBytes } from "../model/ids.ts";
import {
  type ImageArch,
  type ImageCause,
  type ImageProgress,
  type ImageState,
  type ImageStatus,
  imageArches,
} from "../model/image.ts";
import { type ImageAnswer, type ImageOrder } from "../model/image-order.ts";
import { prefetchPolicies } from "../model/prefetch-policy.ts";
import { inverted } from "./enums.ts";
import { badField, known, required, safeNumber } from "./fields.ts";

const stateToWire = {
  unknown: WireImageState.UNKNOWN,
  absent: WireImageState.ABSENT,
  disabled: WireImageState.DISABLED,
  unsupported: WireImageState.UNSUPPORTED,
  queued: WireImageState.QUEUED,
  resolving: WireImageState.RESOLVING,
  downloading: WireImageState.DOWNLOADING,
  verifying: WireImageState.VERIFYING,
  importing: WireImageState.IMPORTING,
  ready: WireImageState.READY,
  failed: WireImageState.FAILED,
  cancelled: WireImageState.CANCELLED,
} as const satisfies Record<ImageState, WireImageState>;
const stateFromWire = inverted<ImageState>(stateToWire);

const causeToWire = {
  deploy: WireImageCause.DEPLOY,
  operator: WireImageCause.OPERATOR,
  eager: WireImageCause.EAGER,
} as const satisfies Record<ImageCause, WireImageCause>;
const causeFromWire = inverted<ImageCause>(causeToWire);

type Method = NonNullable<ImageStatus["method"]>;
const methodToWire = {
  import: WireImageMethod.IMPORT,
  pull: WireImageMethod.PULL,
} as const satisfies Record<Method, WireImageMethod>;
const methodFromWire = inverted<Method>(methodToWire);

const unitToWire = {
  none: ProgressUnit.NONE,
  bytes: ProgressUnit.BYTES,
  layers: ProgressUnit.LAYERS,
} as const satisfies Record<ImageProgress["unit"], ProgressUnit>;
const unitFromWire = inverted<ImageProgress["unit"]>(unitToWire);

export function imageStatusToWire(status: ImageStatus): WireImageStatus {
  const { digest, since, seq, method, cause, progress, failure, state, asked, ...texts } = status;
  const init: MessageInitShape<typeof ImageStatusSchema> = {
    digest: digestToBytes(digest),
    ref: texts.ref,
    stamp: texts.stamp ?? "",
    arch: texts.arch ?? "",
    state: stateToWire[state],
    why: texts.why ?? "",
    attempt: texts.attempt,
    asked: [...asked],
    cancelledBy: texts.cancelledBy ?? "",
    seq: BigInt(seq),
    since: timestampFromMs(since),
  };
  if (method !== undefined) init.method = methodToWire[method];
  if (cause !== undefined) init.cause = causeToWire[cause];
  if (progress !== undefined) init.progress = progressToWire(progress);
  if (failure !== undefined) {
    const { retryAt, ...told } = failure;
    init.failure = { ...told, ...(retryAt === undefined ? {} : { retryAt: timestampFromMs(retryAt) }) };
  }
  return create(ImageStatusSchema, init);
}

function progressToWire({ unit, done, total, percent, bytesPerSecond, etaSeconds }: ImageProgress) {
  const init: MessageInitShape<typeof ImageProgressSchema> = { unit: unitToWire[unit] };
  if (done !== undefined) init.done = BigInt(done);
  if (total !== undefined) init.total = BigInt(total);
  if (percent !== undefined) init.percent = percent;
  if (bytesPerSecond !== undefined) init.bytesPerSecond = BigInt(Math.round(bytesPerSecond));
  if (etaSeconds !== undefined) init.etaSeconds = Math.round(etaSeconds);
  return create(ImageProgressSchema, init);
}

export function imageStatusFromWire(wire: WireImageStatus): ImageStatus {
  const method = methodFromWire(wire.method);
  const cause = causeFromWire(wire.cause);
  return {
    digest: digestOfBytes(wire.digest),
    ref: wire.ref,
    ...(wire.stamp === "" ? {} : { stamp: wire.stamp }),
    ...(wire.arch === "" ? {} : { arch: archOf(wire.arch) }),
    state: known(stateFromWire(wire.state), "image.state"),
    ...(wire.why === "" ? {} : { why: wire.why }),
    attempt: wire.attempt,
    ...(method === undefined ? {} : { method }),
    ...(cause === undefined ? {} : { cause }),
    asked: wire.asked,
    ...(wire.progress === undefined ? {} : { progress: progressFromWire(wire.progress) }),
    ...(wire.failure === undefined ? {} : { failure: failureFromWire(wire.failure) }),
    ...(wire.cancelledBy === "" ? {} : { cancelledBy: wire.cancelledBy }),
    seq: safeNumber(wire.seq, "image.seq"),
    since: timestampMs(required(wire.since, "image.since")),
  };
}

function archOf(text: string): ImageArch {
  return known(
    imageArches.find((arch) => arch === text),
    "image.arch",
  );
}

function failureFromWire({ code, message, hint, retryAt }: NonNullable<WireImageStatus["failure"]>) {
  return { code, message, hint, ...(retryAt === undefined ? {} : { retryAt: timestampMs(retryAt) }) };
}

function progressFromWire(wire: WireImageProgress): ImageProgress {
  const number = (value: bigint, field: string): number => safeNumber(value, `image.progress.${field}`);
  return {
    unit: known(unitFromWire(wire.unit), "image.progress.unit"),
    ...(wire.done === undefined ? {} : { done: number(wire.done, "done") }),
    ...(wire.total === undefined ? {} : { total: number(wire.total, "total") }),
    ...(wire.percent === undefined ? {} : { percent: wire.percent }),
    ...(wire.bytesPerSecond === undefined
      ? {}
      : { bytesPerSecond: number(wire.bytesPerSecond, "bytes_per_second") }),
    ...(wire.etaSeconds === undefined ? {} : { etaSeconds: wire.etaSeconds }),
  };
}

export function baseImageToWire({ stamp, recipe, arches }: BaseImage): WireBaseImage {
  return create(BaseImageSchema, {
    stamp,
    recipeDigest: digestToBytes(recipe),
    arches: Object.fromEntries(
      [...arches].map(([arch, { oci, lxd, ref }]) => [
        arch,
        {
          ref: ref ?? "",
          ...(oci === undefined ? {} : { oci: fileToWire(oci) }),
          ...(lxd === undefined ? {} : { lxd: fileToWire(lxd) }),
        },
      ]),
    ),
  });
}

function fileToWire(file: BaseImageFile): WireBaseImageFile {
  return create(BaseImageFileSchema, {
    urls: [...file.urls],
    sha256: digestToBytes(file.sha256),
    size: BigInt(file.size),
    unpacked: BigInt(file.unpacked),
    imageId: file.imageId ?? "",
    manifestDigest: file.manifestDigest ?? "",
  });
}

export function baseImageFromWire(wire: WireBaseImage): BaseImage {
  return {
    stamp: wire.stamp,
    recipe: digestOfBytes(wire.recipeDigest),
    arches: new Map(
      Object.entries(wire.arches).map(([arch, { oci, lxd, ref }]) => [
        arch,
        {
          ...(oci === undefined ? {} : { oci: fileFromWire(oci) }),
          ...(lxd === undefined ? {} : { lxd: fileFromWire(lxd) }),
          ...(ref === "" ? {} : { ref }),
        },
      ]),
    ),
  };
}

function fileFromWire(wire: WireBaseImageFile): BaseImageFile {
  return {
    urls: wire.urls,
    sha256: digestOfBytes(wire.sha256),
    size: safeNumber(wire.size, "base_image.size"),
    unpacked: safeNumber(wire.unpacked, "base_image.unpacked"),
    ...(wire.imageId === "" ? {} : { imageId: wire.imageId }),
    ...(wire.manifestDigest === "" ? {} : { manifestDigest: wire.manifestDigest }),
  };
}

export const recipeToWire = ({ digest, script, fallbackImage }: ImageRecipe) => ({
  digest: digestToBytes(digest),
  script: new Uint8Array(script),
  fallbackImage,
});

/** Copies the bytes: they outlive the message that they came in. */
export const recipeFromWire = ({ digest, script, fallbackImage }: WireImageRecipe): ImageRecipe => ({
  digest: digestOfBytes(digest),
  script: new Uint8Array(script),
  fallbackImage,
});

export const engineToWire = (engine: ContainerEngine) => ({
  ...engine,
  unavailable: engine.unavailable ?? "",
});

const engineKinds = ["docker", "podman", "lxd"] as const;

/** Undefined: the worker has none. */
export function engineFromWire(wire: WireEngine | undefined): ContainerEngine | undefined {
  if (wire === undefined || wire.kind === "") return undefined;
  return {
    kind: known(
      engineKinds.find((kind) => kind === wire.kind),
      "engine.kind",
    ),
    version: wire.version,
    arch: wire.arch,
    ...(wire.unavailable === "" ? {} : { unavailable: wire.unavailable }),
    copyOnWrite: wire.copyOnWrite,
    prefetch: known(
      prefetchPolicies.find((policy) => policy === wire.prefetch),
      "engine.prefetch",
    ),
    prefetchSource: wire.prefetchSource,
  };
}

export function imageOrderToWire({ id, ref, order }: ImageOrder): WireImageOrder {
  return create(ImageOrderSchema, { id: BigInt(id), ref, order: orderBody(order) });
}

function orderBody(order: ImageOrder["order"]): MessageInitShape<typeof ImageOrderSchema>["order"] & object {
  switch (order.kind) {
    case "pull": {
      const digest = order.digest === undefined ? new Uint8Array() : digestToBytes(order.digest);
      return { case: "pull" as const, value: { digest, by: order.by } };
    }
    case "cancel":
      return { case: "cancel" as const, value: { by: order.by } };
    case "look":
      return { case: "look" as const, value: {} };
  }
}

export function imageOrderFromWire(wire: WireImageOrder): ImageOrder {
  return { id: safeNumber(wire.id, "image_order.id"), ref: wire.ref, order: orderFromWire(wire.order) };
}

function orderFromWire(order: WireImageOrder["order"]): ImageOrder["order"] {
  switch (order.case) {
    case "pull": {
      const { digest, by } = order.value;
      return { kind: "pull", by, ...(digest.length === 0 ? {} : { digest: digestOfBytes(digest) }) };
    }
    case "cancel":
      return { kind: "cancel", by: order.value.by };
    case "look":
      return { kind: "look" };
    case undefined:
      throw badField("image_order.order", "an order that this version knows");
  }
}

export const imageAnswerToWire = ({ id, resumed, status, refusal }: ImageAnswer) => ({
  id: BigInt(id),
  resumed,
  refusalCode: refusal?.code ?? "",
  refusalMessage: refusal?.message ?? "",
  ...(status === undefined ? {} : { status: imageStatusToWire(status) }),
});

export const imageAnswerFromWire = (wire: WireImageAnswer): ImageAnswer => ({
  id: safeNumber(wire.id, "image_answer.id"),
  resumed: wire.resumed,
  ...(wire.status === undefined ? {} : { status: imageStatusFromWire(wire.status) }),
  ...(wire.refusalCode === "" ? {} : { refusal: { code: wire.refusalCode, message: wire.refusalMessage } }),
});
