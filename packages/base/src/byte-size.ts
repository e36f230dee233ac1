const unitBytes = { "": 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Bytes of `4194304`, `4096KiB`, `4MiB` or `1GiB`; undefined when the text is no size. */
export function parseByteSize(text: string): number | undefined {
  const [, amount = "", unit = ""] = /^(\d{1,15})(KiB|MiB|GiB)?$/.exec(text) ?? [];
  const total = Number(amount) * unitBytes[unit as keyof typeof unitBytes];
  return amount !== "" && Number.isSafeInteger(total) ? total : undefined;
}
