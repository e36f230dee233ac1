/** Figures and origins: nothing is made up, nothing leads astray. */

import type { DeploymentInfo, DeploymentReport } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { digest, someImage } from "../testing/images.ts";
import { originText, placeOf } from "./deployment-words.ts";
import { barPercent, barText, bytesText, figures, lastFigures } from "./image-words.ts";

describe("figures", () => {
  test("bytes, with rate and estimate", () => {
    const progress = {
      unit: "bytes",
      done: 50_331_648,
      total: 101_300_000,
      percent: 49,
      bytesPerSecond: 8_388_608,
      etaSeconds: 7,
    } as const;
    expect(figures(progress)).toEqual(["49 %", "50.3 MB of 101 MB", "8.4 MB/s", "7s left"]);
    expect(lastFigures(progress)).toEqual(["49 %", "50.3 MB of 101 MB"]);
    expect([barPercent(someImage({ progress })), barText(someImage({ progress }))]).toEqual([
      49,
      "downloading, 49 %, 50.3 MB of 101 MB, 8.4 MB/s, 7s left",
    ]);
  });

  test("without a total there is no length, and no percent is worked out", () => {
    const progress = { unit: "bytes", done: 5_000_000 } as const;
    expect([figures(progress), barPercent(someImage({ progress }))]).toEqual([["5.0 MB so far"], undefined]);
  });

  test("layers are text and no length, also when somebody gives a percent", () => {
    const progress = { unit: "layers", done: 2, total: 4, percent: 50 } as const;
    expect([figures(progress), barPercent(someImage({ progress }))]).toEqual([["2 of 4 layers"], undefined]);
  });

  test("nothing known is nothing said, but the state", () => {
    const image = someImage({ state: "importing", progress: { unit: "none" } });
    expect([figures(image.status.progress), barPercent(image), barText(image)]).toEqual([
      [],
      undefined,
      "importing",
    ]);
  });

  test("sizes in powers of ten", () => {
    expect([0, 999, 1000, 1500, 99_960, 999_600, 2e9].map(bytesText)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "1.5 kB",
      "100 kB",
      "1.0 MB",
      "2.0 GB",
    ]);
  });
});

const report: DeploymentReport = {
  name: "web",
  revision: 1,
  spec: digest,
  effect: "started",
  engine: "docker",
  path: "build",
  reason: "",
  fellBack: false,
  phases: [],
  host: "h",
  ports: [],
  failures: [],
};
const info: DeploymentInfo = { name: "web", revision: 1, state: "running", image: "base", report };
const coming = someImage({ progress: { unit: "bytes", percent: 49 } });

test("how a deployment came to be", () => {
  const { report: _, ...bare } = info;
  expect(originText({ ...bare, state: "deploying" }, coming)).toBe("image 49 %");
  expect(originText({ ...bare, state: "deploying" }, undefined)).toBeUndefined();
  expect(originText(info, coming)).toBe("this deploy builds; image 49 %");
  expect(originText(info, someImage({ state: "importing" }))).toBe("this deploy builds; image importing");
  expect(originText(info, someImage({ state: "ready" }))).toBe("built here");
  expect(originText({ ...info, image: "other" }, coming)).toBe("built here");
  const fell = { ...info, report: { ...report, fellBack: true } };
  expect(originText(fell, undefined)).toBe("built; the image failed");
  const image = { ...info, report: { ...report, path: "image", stamp: "2026.11.1" } } as const;
  expect(originText(image, coming)).toBe("from image 2026.11.1");
});

test.each([
  ["127.0.0.1", "http://127.0.0.1:8080/"],
  ["::1", "http://[::1]:8080/"],
  ["evil.example/?", undefined],
  ["evil.example", undefined],
  ["user@evil.example", undefined],
  ["javascript:alert(1)//", undefined],
  ["999.1.1.1", undefined],
])("%s leads to %s", (address, href) => {
  expect(placeOf({ address, hostPort: 8080, containerPort: 80 }).href).toBe(href);
});
