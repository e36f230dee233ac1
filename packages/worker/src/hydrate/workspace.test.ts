import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import { type Artifact, parseDigest, parseGeneration, parseRunId, parseStepId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import type { Connection } from "../session/dial.ts";
import { Workspace } from "./workspace.ts";

const ref = {
  runId: parseRunId("run"),
  stepId: parseStepId("step"),
  attempt: 1,
  generation: parseGeneration("1-a"),
};
const never = new AbortController().signal;
const digestOf = (text: string) => parseDigest(`sha256:${createHash("sha256").update(text).digest("hex")}`);
const artifact = (path: string, text: string, executable = false): Artifact => ({
  path,
  digest: digestOf(text),
  size: text.length,
  executable,
});

/** A store of blobs that can be made to break off. */
class Blobs {
  readonly stored = new Map<string, string>();
  readonly served = new Map<string, string>();
  breaks = 0;

  serve(text: string): void {
    this.served.set(digestOf(text), text);
  }

  /** Bytes of an upload that was cut off. */
  held = 0;
  /** Where each transfer began. */
  readonly starts: number[] = [];

  async findBlob() {
    return { existed: false, bytesHeld: this.held };
  }

  async *getBlob(_ref: unknown, digest: string, start: number): AsyncIterable<Uint8Array> {
    this.starts.push(start);
    const text = (this.served.get(digest) ?? "").slice(start);
    yield Buffer.from(text.slice(0, 2));
    if (this.breaks-- > 0) throw new FaultError("unavailable", "unavailable", "the link broke");
    yield Buffer.from(text.slice(2));
  }

  async putBlob(
    _ref: unknown,
    { digest, offset }: { digest: string; offset: number },
    data: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    this.starts.push(offset);
    if (offset > 0 && this.breaks-- > 0) throw new FaultError("corrupt", "data_loss", "not those bytes");
    let text = "";
    for await (const piece of data) text += Buffer.from(piece).toString();
    this.stored.set(digest, text);
  }
}

async function setup() {
  const folder = await tempFolder();
  const blobs = new Blobs();
  const workspace = await Workspace.create(ref, folder.path, blobs as unknown as Connection);
  const { work } = workspace.folders;
  const put = async (path: string, text: string) => {
    await mkdir(join(work, path, ".."), { recursive: true });
    await writeFile(join(work, path), text);
  };
  return { folder, blobs, workspace, work, put, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

describe("what was cut off", () => {
  test("of an input is not sent again", async () => {
    await using world = await setup();
    world.blobs.serve("data");
    world.blobs.breaks = 1;
    const input = artifact("a.txt", "data");
    await expect(world.workspace.placeInputs([input], never)).rejects.toThrow("the link broke");
    await world.workspace.placeInputs([input], never);
    expect(world.blobs.starts).toEqual([0, 2]);
    expect(await readFile(join(world.work, "a.txt"), "utf8")).toBe("data");
  });

  test("of an artifact is not sent again, unless it was damaged", async () => {
    await using world = await setup();
    await world.put("a.txt", "content");
    world.blobs.held = 3;
    await world.workspace.collectArtifacts(["a.txt"], never);
    expect(world.blobs.stored.get(digestOf("content"))).toBe("tent");
    world.blobs.breaks = 1;
    await world.workspace.collectArtifacts(["a.txt"], never);
    expect(world.blobs.stored.get(digestOf("content"))).toBe("content");
    expect(world.blobs.starts).toEqual([3, 3, 0]);
  });
});

describe("inputs", () => {
  test("are placed under their paths, and are executable when they were", async () => {
    await using world = await setup();
    world.blobs.serve("data");
    world.blobs.serve("#!/bin/sh");
    await world.workspace.placeInputs(
      [artifact("a/b.txt", "data"), artifact("go.sh", "#!/bin/sh", true)],
      never,
    );
    expect(await readFile(join(world.work, "a/b.txt"), "utf8")).toBe("data");
    expect((await stat(join(world.work, "go.sh"))).mode & 0o100).toBe(0o100);
    expect((await stat(join(world.work, "a/b.txt"))).mode & 0o100).toBe(0);
  });

  test("that arrive damaged are refused by name", async () => {
    await using world = await setup();
    const input = { ...artifact("b.txt", "data"), digest: digestOf("other") };
    world.blobs.served.set(input.digest, "data");
    await expect(world.workspace.placeInputs([input], never)).rejects.toMatchObject({
      code: "input_corrupt",
      message: "the input b.txt arrived damaged",
    });
  });

  test("can be placed again after the link broke in the middle of one", async () => {
    await using world = await setup();
    for (const text of ["first", "second"]) world.blobs.serve(text);
    const inputs = [artifact("a.txt", "first"), artifact("b.txt", "second")];
    await world.workspace.placeInputs(inputs.slice(0, 1), never);
    world.blobs.breaks = 1;
    await expect(world.workspace.placeInputs(inputs, never)).rejects.toMatchObject({ fault: "unavailable" });
    await world.workspace.placeInputs(inputs, never);
    expect(await readFile(join(world.work, "a.txt"), "utf8")).toBe("first");
    expect(await readFile(join(world.work, "b.txt"), "utf8")).toBe("second");
  });

  test.each(["../x", "/etc/x", "a/../../x", ".", "a\\b"])("the path %j is refused", async (path) => {
    await using world = await setup();
    await expect(world.workspace.placeInputs([artifact(path, "data")], never)).rejects.toMatchObject({
      code: "bad_path",
    });
  });
});

describe("artifacts", () => {
  test("are found by paths and globs, stored once each, in order", async () => {
    await using world = await setup();
    await world.put("out/b.txt", "bee");
    await world.put("out/a.txt", "ay");
    await world.put("run.sh", "#!");
    await chmod(join(world.work, "run.sh"), 0o755);
    const found = await world.workspace.collectArtifacts(["out/*.txt", "out/a.txt", "run.sh"], never);
    expect(found).toEqual([
      artifact("out/a.txt", "ay"),
      artifact("out/b.txt", "bee"),
      artifact("run.sh", "#!", true),
    ]);
    expect([...world.blobs.stored.values()].toSorted()).toEqual(["#!", "ay", "bee"]);
  });

  test("a pattern that matches nothing is named", async () => {
    await using world = await setup();
    await world.put("a.txt", "ay");
    await mkdir(join(world.work, "folder"));
    for (const pattern of ["*.md", "folder"]) {
      await expect(world.workspace.collectArtifacts(["a.txt", pattern], never)).rejects.toMatchObject({
        code: "artifact_missing",
        message: `the step left no file that matches \`artifacts: ${pattern}\``,
      });
    }
  });

  test("symbolic links are not followed, neither to files nor through folders", async () => {
    await using world = await setup();
    const outside = join(world.folder.path, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "secret.txt"), "secret");
    await symlink(join(outside, "secret.txt"), join(world.work, "link.txt"));
    await symlink(outside, join(world.work, "linked"));
    for (const pattern of ["link.txt", "linked/secret.txt", "linked/*", "**/secret.txt", "*/secret.txt"]) {
      await expect(world.workspace.collectArtifacts([pattern], never)).rejects.toMatchObject({
        code: "artifact_missing",
      });
    }
    expect(world.blobs.stored).toEqual(new Map());
  });

  test("nothing outside the work folder is matched", async () => {
    await using world = await setup();
    await writeFile(join(world.folder.path, "outside.txt"), "secret");
    for (const pattern of [
      "../../outside.txt",
      "{..,x}/../outside.txt",
      "../*",
      join(world.folder.path, "*"),
    ]) {
      await expect(world.workspace.collectArtifacts([pattern], never)).rejects.toMatchObject({
        code: "artifact_missing",
      });
    }
  });

  test("more files than the limit are refused", async () => {
    await using world = await setup();
    for (let index = 0; index <= 1000; index++) await writeFile(join(world.work, `f${index}`), "");
    await expect(world.workspace.collectArtifacts(["f*"], never)).rejects.toMatchObject({
      code: "too_many_artifacts",
    });
    expect(world.blobs.stored.size).toBe(0);
  });
});

test("a workspace is made fresh, and nothing is left of it", async () => {
  await using world = await setup();
  await world.put("old.txt", "old");
  const again = await Workspace.create(ref, world.folder.path, world.blobs as unknown as Connection);
  await expect(stat(join(again.folders.work, "old.txt"))).rejects.toMatchObject({ code: "ENOENT" });
  await again.remove();
  await expect(stat(again.folders.work)).rejects.toMatchObject({ code: "ENOENT" });
});
