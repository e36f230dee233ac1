/** Plays the agent of `examples/dags/word-count.yaml`: reads the counts, answers with the first line of them. */

import { type Answer, sayAndCall, sayOnly } from "./answer.ts";
import { type Conversation, resultOf } from "./conversation.ts";

const file = "counts.txt";

/** Undefined when the task is another one. */
export function playWordCount(conversation: Conversation): Answer | undefined {
  if (!conversation.task.includes(file) || !conversation.tools.has("read")) return undefined;
  const counts = resultOf(conversation, "read", "path", file);
  if (counts === undefined)
    return sayAndCall("I read the counts.", [{ tool: "read", input: { path: file } }]);
  const [, times, word] = /^\s*(\d+)\s+(\S+)/.exec(counts) ?? [];
  if (times === undefined || word === undefined)
    return sayOnly(`I find no count in ${file}: ${counts.slice(0, 200)}`);
  if (conversation.calls.some(({ tool }) => tool === "output")) return sayOnly("My answer was not accepted.");
  const words = `The most frequent word is "${word}", ${times} times.`;
  if (!conversation.tools.has("output")) return sayOnly(words);
  return sayAndCall(words, [{ tool: "output", input: { word, times: Number(times) } }]);
}
