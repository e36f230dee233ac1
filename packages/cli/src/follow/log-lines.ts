/** Pieces of logs in, whole lines out. */

import type { LogPiece, LogStream } from "@haversack/protocol";

export interface LogLine {
  readonly stepId: string;
  readonly attempt: number;
  readonly stream: LogStream;
  readonly text: string;
}

/** A longer line is cut into several. */
const lineCharactersMax = 16_384;

export class LogLines {
  readonly #open = new Map<string, OpenLine>();

  take(piece: LogPiece): LogLine[] {
    const { stepId, attempt, stream } = piece;
    const key = `${stepId}/${attempt}/${stream}`;
    const open = this.#open.get(key) ?? { decoder: new TextDecoder(), rest: "", stepId, attempt, stream };
    this.#open.set(key, open);
    const lines = (open.rest + open.decoder.decode(piece.data, { stream: true })).split(
      /\r\n|\n|\r(?=[^\n])/,
    );
    open.rest = lines.pop() ?? "";
    while (open.rest.length > lineCharactersMax) {
      lines.push(open.rest.slice(0, lineCharactersMax));
      open.rest = open.rest.slice(lineCharactersMax);
    }
    return lines.map((text) => ({ stepId, attempt, stream, text }));
  }

  /** What was left without a line break. */
  end(): LogLine[] {
    const left = [...this.#open.values()].filter(({ rest }) => rest !== "");
    this.#open.clear();
    return left.map(({ stepId, attempt, stream, rest }) => ({ stepId, attempt, stream, text: rest }));
  }
}

interface OpenLine {
  readonly decoder: TextDecoder;
  rest: string;
  readonly stepId: string;
  readonly attempt: number;
  readonly stream: LogStream;
}
