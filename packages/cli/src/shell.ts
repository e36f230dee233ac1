/** What every command is given. */

import type { ClientOptions, HaversackClient } from "@haversack/protocol";
import { type ConnectAsked, findCoordinator, tokenIn, trustFor } from "./connect.ts";
import type { ExitCode } from "./exit-codes.ts";
import { usage } from "./options.ts";
import type { Outside } from "./outside.ts";
import { createPaint, type Paint } from "./print/paint.ts";
import { type Place, tracedCall } from "./traced-call.ts";

export type ClientMaker = (options: ClientOptions) => HaversackClient;

export class Shell {
  readonly outside: Outside;
  readonly paint: Paint;
  /** Of the action that ran; undefined when none did. */
  exitCode: ExitCode | undefined;
  /** Where the last client was sent, for error messages. */
  connectedTo: string | undefined;
  /** What `--ca` of the action names. */
  caFile: string | undefined;
  /** Of the command that runs: a file instead of a token. */
  tokenFile: string | undefined;
  readonly #createClient: ClientMaker;
  readonly #told: Promise<void>[] = [];

  constructor(outside: Outside, createClient: ClientMaker) {
    this.outside = outside;
    this.paint = createPaint(outside.terminal.colours);
    this.#createClient = createClient;
  }

  /** Makes a commander action of a function that answers an exit code. */
  does<A extends unknown[]>(action: (...args: A) => Promise<ExitCode>): (...args: A) => Promise<void> {
    return async (...args) => {
      this.exitCode = await action(...args);
    };
  }

  async connect(asked: ConnectAsked): Promise<HaversackClient> {
    const { tokenFile, outside } = this;
    if (tokenFile !== undefined && asked.token !== undefined)
      throw usage("give --token or --token-file, not both");
    const held = tokenFile === undefined ? {} : { token: await tokenIn(tokenFile, outside.cwd) };
    const found = await findCoordinator({ ...asked, ...held }, "admin", outside);
    const { url, token, from } = found;
    this.connectedTo = `${url} (from ${from})`;
    const trust = await trustFor(found, this.caFile, this.outside);
    return this.#createClient({ url, token, ...trust });
  }

  /** A call under a span of its own, where traces are asked for. @param call is given what its run hangs under */
  traced<T>(name: string, call: (place: Place) => Promise<T>): Promise<T> {
    const { answer, told } = tracedCall(name, this.outside, call);
    this.#told.push(told);
    return answer;
  }

  /** Resolves when its spans were received, or will not be: after two seconds at most. */
  async finish(): Promise<void> {
    await Promise.all(this.#told);
  }

  clientFor(options: ClientOptions): HaversackClient {
    return this.#createClient(options);
  }

  out(text: string): void {
    this.outside.terminal.out(text);
  }

  /** A remark about what happens; never part of the data. */
  note(text: string): void {
    this.outside.terminal.err(`${this.paint.faint(text)}\n`);
  }

  json(value: unknown): void {
    this.out(`${JSON.stringify(value, undefined, 2)}\n`);
  }
}
