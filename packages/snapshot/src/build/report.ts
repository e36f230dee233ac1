/** The parts of a pack by size and digest, for the store, the CLI and the dashboard: never a body. */

import { canonicalJson } from "../format/canonical-json.ts";
import type { MemoryScope, SnapshotContent } from "../format/content.ts";
import { digestOf } from "../format/digest.ts";
import { utf8Length } from "../format/files.ts";
import { frozenCopy } from "../format/freeze.ts";
import { refText } from "../format/references.ts";
import { memoryScopes } from "../format/sizes.ts";
import type { PackPart, PackReport } from "./pack.ts";

export function reportOf(content: SnapshotContent, why: ReadonlyMap<string, string> = new Map()): PackReport {
  const { config, models, skills, souls, requires, secrets } = content;
  const part = (section: PackPart["section"], id: string, value: unknown, files: readonly string[] = []) => {
    const text = canonicalJson(value);
    const reason = why.get(`${section}/${id}`) ?? "";
    return { section, id, size: utf8Length(text), digest: digestOf(text), files, why: reason };
  };
  return frozenCopy({
    requires,
    secrets: secrets.map(refText),
    parts: [
      part("config", config.profile ?? "", config),
      ...models.map((model) => part("models", model.id, model)),
      ...skills.map((skill) => part("skills", skill.name, skill, paths(skill.files))),
      ...souls.map((soul) => part("souls", soul.id, soul)),
      ...memoryScopes(content).map(([name, scope]) => part("memory", name, scope, topicPaths(scope))),
    ],
  });
}

function topicPaths(scope: MemoryScope): string[] {
  return paths(scope.topics);
}

function paths(files: readonly { readonly path: string }[]): string[] {
  return files.map(({ path }) => path);
}
