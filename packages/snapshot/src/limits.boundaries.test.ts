import { gzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { addMemory, buildPin, type MemoryNow } from "./build/builder.ts";
import type { SkillBundle } from "./format/content.ts";
import { inspectPack } from "./inspect.ts";
import { defaultLimits, type SnapshotLimits, settleLimits } from "./limits.ts";
import { scopeDigest } from "./memory/scope-digest.ts";
import type { StepPlan } from "./plan/plannable.ts";
import { codeOf } from "./testing/code-of.ts";
import { sampleConfig, sampleModels, samplePlan, sampleSkill, sampleSoul } from "./testing/sample.ts";

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `n${String(index).padStart(5, "0")}`);
const [main, local] = sampleModels;
if (main === undefined || local === undefined) throw new Error("the sample has two models");

/** Text that does not compress below what a reader takes for a bomb. */
function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCodePoint(0x20 + (state % 64) + (state % 2));
  }).join("");
}

function withSkills(skills: readonly SkillBundle[]): StepPlan {
  return { ...samplePlan, config: { ...sampleConfig, skills: skills.map(({ name }) => name) }, skills };
}

function withFiles(count: number, text = ""): StepPlan {
  const files = numbered(count - 1).map((path) => ({ path, mode: "0644", text }) as const);
  return withSkills([{ ...sampleSkill, files: [...sampleSkill.files.slice(0, 1), ...files] }]);
}

/** Opaque JSON in the model of the sample that has some. */
function withOptions(options: Record<string, never>): StepPlan {
  return { ...samplePlan, models: [main as never, { ...local, providerOptions: options } as never] };
}

const nested = (depth: number): never => (depth === 0 ? 1 : [nested(depth - 1)]) as never;
const scope = (text: string, topics: readonly { path: string; text: string }[] = []) => ({
  dag: { text, topics },
});
/** A scope of so many bytes as it stands in a pack. */
function scopeOf(bytes: number): MemoryNow {
  const topic = (length: number) => ({ text: "", topics: [{ path: "t.md", text: "x".repeat(length) }] });
  const fixed = JSON.stringify({ base: scopeDigest(topic(0)), ...topic(0) }).length;
  return { dag: topic(bytes - fixed) };
}
/** Values of the content around the list that is counted: found once, because it only depends on the sample. */
const otherValues = valuesOf(withOptions({ list: [] as never }));

function valuesOf(plan: StepPlan): number {
  const text = JSON.stringify(inspectPack(buildPin(plan).gzip).content).replace(/"(?:[^"\\]|\\.)*"/g, "");
  return 1 + (text.match(/[[{,]/g)?.length ?? 0);
}

interface Case {
  /** A plan that uses so much of the limit. */
  readonly plan: (count: number) => StepPlan;
  /** Added to it. */
  readonly memory?: (count: number) => MemoryNow;
  readonly says: RegExp;
  /** What a reader calls it. */
  readonly code?: "snapshot_hostile";
}

const cases: Partial<Record<keyof SnapshotLimits, Case>> = {
  skillsMax: {
    plan: (count) => withSkills(numbered(count).map((name) => ({ ...sampleSkill, name }))),
    says: /65 skills, over 64/,
  },
  modelsMax: {
    plan: (count) => ({
      ...samplePlan,
      config: { ...sampleConfig, modelChain: numbered(count) },
      models: numbered(count).map((id) => ({ ...main, id })),
    }),
    says: /9 models, over 8/,
  },
  filesMax: { plan: (count) => withFiles(count), says: /4097 files of all skills, over 4096/ },
  fileBytesMax: {
    plan: (count) => withFiles(2, noise(100_000).repeat(42).slice(0, count)),
    says: /skills\/release-notes\/n00000 has 4\.0 MiB, over 4\.0 MiB for one file: skills\/release-notes/,
  },
  soulCharactersMax: {
    // Two code units and four bytes each: characters are what counts.
    plan: (count) => ({ ...samplePlan, souls: [{ ...sampleSoul, text: "\u{1f600}".repeat(count) }] }),
    says: /souls\/engineer has 20001 characters, over 20000/,
  },
  nestingMax: {
    // Content, models, model and providerOptions are around it.
    plan: (count) => withOptions({ deep: nested(count - 4) }),
    says: /nested deeper than 32/,
    code: "snapshot_hostile",
  },
  valuesMax: {
    plan: (count) => withOptions({ list: Array.from({ length: count - otherValues + 1 }, () => 1) } as never),
    says: /more than 100000 values/,
    code: "snapshot_hostile",
  },
  memoryIndexLinesMax: {
    plan: () => samplePlan,
    memory: (count) => scope("x\n".repeat(count)),
    says: /201 lines of the index of memory dags\/nightly-release, over 200/,
  },
  memoryIndexBytesMax: {
    plan: () => samplePlan,
    memory: (count) => scope(`é${"x".repeat(count - 2)}`),
    says: /25601 bytes of the index of memory dags\/nightly-release, over 25600/,
  },
  memoryTopicsMax: {
    plan: () => samplePlan,
    memory: (count) =>
      scope(
        "",
        numbered(count).map((path) => ({ path, text: "" })),
      ),
    says: /65 topics of memory dags\/nightly-release, over 64/,
  },
  memoryScopeBytesMax: {
    plan: () => samplePlan,
    memory: scopeOf,
    says: /262145 bytes of memory dags\/nightly-release, over 262144/,
  },
};

/** The pack of a case, whatever it uses of this limit. */
function bytesOf({ plan, memory }: Case, count: number, limits: SnapshotLimits): Uint8Array {
  const pin = buildPin(plan(count), limits);
  return memory === undefined ? pin.gzip : addMemory(pin.gzip, memory(count), { limits }).gzip;
}

describe("each limit, as it is by default, holds at build and at decode alike", () => {
  test.each(Object.entries(cases))("%s: what fills it is accepted, one more is refused", (name, each) => {
    const limit = name as keyof SnapshotLimits;
    const max = defaultLimits[limit];
    const bytes = bytesOf(each, max, defaultLimits);
    expect(codeOf(() => inspectPack(bytes))).toBe("accepted");
    expect(() => bytesOf(each, max + 1, defaultLimits)).toThrowError(
      expect.objectContaining({
        code: expect.stringMatching(/^snapshot_(too_large|hostile)$/),
        message: expect.stringMatching(each.says),
      }),
    );
    const over = bytesOf(each, max + 1, settleLimits({ [limit]: max + 1 }));
    expect(() => inspectPack(over)).toThrowError(
      expect.objectContaining({ code: each.code ?? "snapshot_too_large" }),
    );
  });

  test("the ratio, counted from where it counts", () => {
    const plan = withFiles(2, "abcdefghij ".repeat(200_000));
    const limits = (ratioMax: number) => settleLimits({ ratioMax });
    const bytes = buildPin(plan, limits(2000)).gzip;
    const accepted = (ratioMax: number) => codeOf(() => inspectPack(bytes, limits(ratioMax))) === "accepted";
    let [low, high] = [1, 2000];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (accepted(middle)) high = middle;
      else low = middle;
    }
    expect(high).toBeGreaterThan(defaultLimits.ratioMax);
    expect(codeOf(() => buildPin(plan, limits(high)))).toBe("accepted");
    expect(() => buildPin(plan, limits(high - 1))).toThrowError(
      expect.objectContaining({
        code: "snapshot_too_large",
        message: expect.stringMatching(
          new RegExp(`more than ${high - 1} : 1: skills/release-notes 2\\.1 MiB raw`),
        ),
      }),
    );
    expect(codeOf(() => inspectPack(bytes, limits(high - 1)))).toBe("snapshot_hostile");
    const later = settleLimits({ ratioFromBytes: 4 * 1024 * 1024 });
    expect(codeOf(() => inspectPack(bytes, later))).toBe("accepted");
  });

  test("every limit has a test: here, in limits.test.ts by size, or with the bombs", () => {
    const elsewhere = [
      "compressedBytesMax",
      "uncompressedBytesMax",
      "ratioMax",
      "ratioFromBytes",
      "cpuMsMax",
    ];
    expect([...Object.keys(cases), ...elsewhere].toSorted()).toEqual(Object.keys(defaultLimits).toSorted());
  });
});

test("small compressed but large raw fails at build, and the table names the culprit first", () => {
  const lines = Array.from({ length: 90_000 }, (_, index) => `line ${index} of a log\n`).join("");
  const plan = withFiles(10, lines);
  const raw = JSON.stringify(plan.skills);
  expect(gzipSync(Buffer.from(raw)).length).toBeLessThan(defaultLimits.compressedBytesMax);
  expect(() => buildPin(plan)).toThrowError(
    expect.objectContaining({
      code: "snapshot_too_large",
      message: expect.stringMatching(
        /^the snapshot has \d\d\.\d MiB uncompressed, over 16\.0 MiB with 512\.0 KiB kept free for memory: skills\/release-notes \d\d\.\d MiB raw \(n0000\d \d\.\d MiB\), config \d/,
      ),
    }),
  );
});
