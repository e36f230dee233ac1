/** Events of LXD and Incus. They come out of order and may be lost with a connection, so they only say: look. */

import { abortable, type Clock, pause } from "@haversack/base";
import { openLxdSocket } from "./lxd-socket.ts";

const reconnectMs = 1_000;

/** Reading a log or running a command is an event too, which nobody has to hear of. */
const changes =
  /"action":\s*"instance-(?:created|started|stopped|shutdown|restarted|deleted|paused|resumed|renamed)"/;

/** Ends with the signal; never rejects. */
export async function watchLxd(
  socket: string,
  clock: Clock,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await hear(socket, onChange, signal);
    } catch {
      // Gone, or not there yet: asked again below.
    }
    await pause(clock, reconnectMs, signal).catch(() => {});
  }
}

async function hear(socket: string, onChange: () => void, signal: AbortSignal): Promise<void> {
  const events = await openLxdSocket(socket, "/1.0/events?type=lifecycle", {
    onMessage: (data) => {
      if (changes.test(data.toString())) onChange();
    },
  });
  try {
    // Something may have happened while nobody heard.
    onChange();
    await abortable(events.closed, signal);
  } finally {
    events.drop();
  }
}
