/** Files of variables that a DAG names under `dotenv`. */

/** Their texts by their paths, as the DAG writes them. One that does not exist is left out. */
export type DotenvTexts = Readonly<Record<string, string>>;

/** One file. */
export const dotenvBytesMax = 64 * 1024;
/** Of one DAG. */
export const dotenvFilesMax = 20;
