/** Limits that both ends of the wire keep. Bytes unless the name says otherwise. */

/** One message, either way. A batch is closed well below it. */
export const messageBytesMax = 6 * 1024 * 1024;
/** Tasks, results and log chunks of one message. */
export const batchItemsMax = 64;
export const batchBytesMax = 4 * 1024 * 1024;
/** Packs that ride inside their tasks, in one message. */
export const batchPackBytesMax = 1024 * 1024;
/** A larger pack is fetched with GetSnapshot. */
export const inlinePackBytesMax = 256 * 1024;
/** Packs that a hello names, and that a heartbeat does. */
export const snapshotsToldMax = 1024;
/** One piece of a pack, a blob or a log. */
export const chunkBytesMax = 64 * 1024;
/** One artifact. */
export const artifactBytesMax = 1024 * 1024 * 1024;
export const artifactsCountMax = 1000;
/** HTTP/2 flow-control window of a stream and of a connection: the default of 64 KiB starves heartbeats. */
export const flowControlWindowBytes = 4 * 1024 * 1024;
/** A message of the API for people and programs, either way: a DAG file and what goes with it. */
export const apiMessageBytesMax = 20 * 1024 * 1024;
/** A failure message that is stored and shown. */
export const failureMessageCharactersMax = 4000;
