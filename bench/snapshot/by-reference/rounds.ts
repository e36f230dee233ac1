/** What the processes of the comparison say to each other. */

/** How the tasks of a session carry their packs; the worker says it as a label of this name. */
export type Carriage = "inline" | "reference";
export const carriageLabel = "carriage";

/** First line of the coordinator's end. */
export interface Listening {
  readonly url: string;
}

/** What the worker's end is given, as JSON. */
export interface RoundsAsked {
  readonly url: string;
  /** Of the specimen; the worker reads the pack from it only to compare. */
  readonly specimen: string;
  /** Where each round makes a cache of its own. */
  readonly folder: string;
  readonly tasks: Readonly<Record<Carriage, number>>;
  readonly rounds: number;
  readonly warmUpRounds: number;
}

/** One round: all of its tasks arrived, and the pack of each was found in the cache. */
export interface RoundDone {
  readonly carriage: Carriage;
  readonly tasks: number;
  readonly ms: number;
  /** Inline: tasks whose pack arrived byte for byte. */
  readonly whole: number;
  /** By reference: packs that were fetched. */
  readonly transfers: number;
}
