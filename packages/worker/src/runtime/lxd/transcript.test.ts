/** What LXD tells of a console, in the orders in which it does. */

import { expect, test } from "vitest";
import { transcript } from "./transcript.ts";

const of = (tell: (told: ReturnType<typeof transcript>) => void, max = 100): string => {
  const told = transcript(max);
  tell(told);
  return told.written.bytes().toString();
};

test("what comes once is kept, and what is left is added once", () => {
  const text = of((told) => {
    told.streamed("up\n");
    told.streamed("tick\n");
    told.left("tick\nbye\n");
    told.left("tick\nbye\n");
  });
  expect(text).toBe("up\ntick\ntick\nbye\n");
});

test("where all of the run is told before the rest, nothing is there twice", () => {
  const text = of((told) => {
    told.streamed("one\ntwo\n");
    told.left("one\ntwo\nend\n");
    told.left("end\n");
  });
  expect(text).toBe("one\ntwo\nend\n");
});

test("what was read while it ended is the same as what is left", () => {
  const text = of((told) => {
    told.left("all of it\n");
    told.left("all of it\n");
  });
  expect(text).toBe("all of it\n");
});

test("a second run may say what the first said", () => {
  const text = of((told) => {
    told.left("hello\n");
    told.started();
    told.left("hello\n");
  });
  expect(text).toBe("hello\nhello\n");
});

test("of a long run the end is kept", () => {
  const text = of((told) => {
    told.streamed("0123456789");
    told.streamed("abc");
    told.left("rest");
  }, 8);
  expect(text).toBe("9abcrest");
});
