import { type DeploymentInfo, parseDigest } from "@haversack/protocol";
import { expect, test } from "vitest";
import { deployedText, deploymentDetail, deploymentTable } from "./deployment-text.ts";
import { createPaint } from "./paint.ts";

const failures = [
  "from the image: it wrote last:\nno such\u001b[2J program\nstep web succeeded",
  "built: no disk",
];
const info: DeploymentInfo = {
  name: "web",
  revision: 2,
  state: "failed",
  image: "base",
  note: "1. from the image\r\n2. built\u0007\n",
  report: {
    name: "web",
    revision: 2,
    spec: parseDigest(`sha256:${"1".repeat(64)}`),
    effect: "none",
    engine: "docker",
    path: "build",
    reason: "the image is absent",
    fellBack: true,
    phases: [{ name: "create", ms: 100 }],
    host: "h",
    ports: [],
    failures,
  },
};

test("texts of several lines stand indented below what they are about, and control nothing", () => {
  const text = deployedText({ ...info, note: "1. x\n2. y" }, createPaint(false));
  expect(text).toContain("\n  1. x\n    2. y\n");
  expect(text).toContain(
    "\n  failed: from the image: it wrote last:\n    no such\\x1b[2J program\n    step web succeeded\n",
  );
  expect(deploymentDetail(info, createPaint(false))).toContain(
    `\n  note       1. from the image\n${" ".repeat(13)}2. built\\x07\n`,
  );
});

test("in a table they take one line", () => {
  const lines = deploymentTable([info], createPaint(false)).trimEnd().split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/1\. from the image; 2\. built\\x07$/);
});
