import { gzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { buildPin } from "../build/builder.ts";
import { guardSnapshot } from "../guard.ts";
import { inspectPack } from "../inspect.ts";
import { codeOf } from "../testing/code-of.ts";
import { samplePlan } from "../testing/sample.ts";
import { canonicalJson } from "./canonical-json.ts";

const pack = buildPin(samplePlan);
const { raw } = guardSnapshot(pack.gzip, pack);

describe("content that is intact but wrong", () => {
  const wrap = (text: string | Uint8Array) => gzipSync(Buffer.from(text), { mtime: 0 });
  const codeOfContent = (text: string | Uint8Array) => codeOf(() => inspectPack(wrap(text)));
  const edited = (edit: (content: Record<string, never>) => unknown) => {
    const content = JSON.parse(Buffer.from(raw).toString()) as Record<string, never>;
    return canonicalJson(edit(content));
  };

  test.each([
    ["not JSON", "{"],
    ["an array", "[]"],
    ["null", "null"],
    ["invalid UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
    ["a byte order mark", "\ufeff{}"],
    ["white space", "{ }"],
    ["duplicate keys", '{"a":1,"a":1}'],
    ["a number in another spelling", '{"a":1.0}'],
    ["an escape that is not needed", '{"a":"\\u0041"}'],
    ["unsorted keys", '{"b":1,"a":1}'],
  ])("%s", (_, text) => expect(codeOfContent(text)).toBe("snapshot_invalid"));

  test("nesting, before anything is parsed", () => {
    expect(codeOfContent("[".repeat(100_000))).toBe("snapshot_hostile");
    expect(codeOfContent(`{"a":"${"[".repeat(100)}"}`)).toBe("snapshot_invalid");
  });

  test("more values than a pack can need, before they cost anything", () => {
    const files = Array.from({ length: 60_000 }, (_, index) => ({
      mode: "0644",
      path: `a${index}`,
      txt: "",
    }));
    const from = performance.now();
    expect(codeOfContent(JSON.stringify(files))).toBe("snapshot_hostile");
    expect(performance.now() - from).toBeLessThan(2000);
    expect(codeOfContent(edited((content) => ({ ...content, skills: files.slice(0, 24_000) })))).toBe(
      "snapshot_invalid",
    );
  });

  test.each(["__proto__", "constructor", "prototype"])("the key %s at any depth", (key) => {
    const text = Buffer.from(raw).toString();
    for (const place of ['"providerOptions":{', '"effects":{', '"headers":{', '"deep":{']) {
      expect(text).toContain(place);
      const bad = text.replace(place, `${place}"${key}":{},`);
      expect(["snapshot_hostile", "snapshot_invalid"]).toContain(codeOfContent(bad));
    }
    expect(codeOfContent(`{"${key}":1}`)).toBe("snapshot_hostile");
  });

  test("an unknown key at any level", () => {
    const places: ((content: never) => Record<string, unknown>)[] = [
      (content) => content,
      (content) => content["config"],
      (content) => content["config"]["limits"],
      (content) => content["config"]["memory"]["write"],
      (content) => content["config"]["mcpServers"][0],
      (content) => content["models"][0],
      (content) => content["models"][1]["cost"],
      (content) => content["skills"][0],
      (content) => content["skills"][0]["files"][0],
      (content) => content["souls"][0],
      (content) => content["memory"],
    ];
    for (const place of places) {
      const text = edited((content) => {
        place(content as never)["surprise"] = 1;
        return content;
      });
      expect(codeOfContent(text)).toBe("snapshot_invalid");
    }
  });

  test.each(["base", "delta", "encryption", "extensions", "parents", "signatures"])(
    "the reserved key %s",
    (key) => {
      expect(codeOfContent(edited((content) => ({ ...content, [key]: null })))).toBe(
        "snapshot_version_unsupported",
      );
    },
  );

  test("another version or feature", () => {
    expect(codeOfContent(edited((content) => ({ ...content, version: 2 })))).toBe(
      "snapshot_version_unsupported",
    );
    const requires = ["mcp", "memory.ops", "skills", "telepathy"];
    expect(codeOfContent(edited((content) => ({ ...content, requires })))).toBe(
      "snapshot_version_unsupported",
    );
    expect(codeOfContent(edited((content) => ({ ...content, requires: [] })))).toBe("snapshot_invalid");
  });

  test.each([
    ["secrets that are not all", (content: object) => ({ ...content, secrets: [] })],
    ["a model that is missing", (content: object) => ({ ...content, models: [] })],
    ["a skill that is missing", (content: object) => ({ ...content, skills: [] })],
    ["a soul that is missing", (content: object) => ({ ...content, souls: [] })],
    ["memory that is null", (content: object) => ({ ...content, memory: null })],
  ])("%s", (_, edit) => expect(codeOfContent(edited(edit))).toBe("snapshot_invalid"));

  test("paths that leave the folder, and files out of order", () => {
    const withPath = (path: string) => Buffer.from(raw).toString().replace("assets/logo.bin", path);
    expect(codeOfContent(withPath("../logo.bin"))).toBe("snapshot_hostile");
    expect(codeOfContent(withPath("/logo.bin"))).toBe("snapshot_hostile");
    expect(codeOfContent(withPath("skill.md"))).toBe("snapshot_hostile");
    expect(codeOfContent(withPath("zzz/logo.bin"))).toBe("snapshot_invalid");
  });

  test("base64 of what is text, or in another spelling", () => {
    const withBase64 = (base64: string) => Buffer.from(raw).toString().replace("/wD+", base64);
    expect(codeOfContent(withBase64("YWJj"))).toBe("snapshot_invalid");
    expect(codeOfContent(withBase64("/wH="))).toBe("snapshot_invalid");
    expect(codeOfContent(withBase64("/wA"))).toBe("snapshot_invalid");
  });
});
