import type { SnapshotReport } from "@haversack/protocol";
import { bytes } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { table } from "./table.ts";

export function snapshotText(report: SnapshotReport, paint: Paint): string {
  const { compressedSize, uncompressedSize } = report;
  const head = [
    `snapshot  ${report.digest}`,
    `format    ${report.formatVersion}`,
    `size      ${bytes(compressedSize)} packed, ${bytes(uncompressedSize)} unpacked`,
  ];
  if (report.requires.length > 0) head.push(`requires  ${report.requires.map(printable).join(", ")}`);
  const secrets = report.secrets.map(printable).join(", ");
  head.push(
    `secrets   ${secrets === "" ? "none" : `${secrets} (names only: values never enter a snapshot)`}`,
  );
  const rows = report.parts.flatMap((part) => [
    [
      printable(part.section),
      printable(part.id),
      bytes(part.size),
      paint.faint(part.digest.slice("sha256:".length, "sha256:".length + 12)),
      printable(part.why),
    ],
    ...part.files.map((file) => ["", paint.faint(`  ${printable(file)}`)]),
  ]);
  return `${head.join("\n")}\n\n${table(["SECTION", "ID", "SIZE", "DIGEST", "WHY"], rows)}`;
}
