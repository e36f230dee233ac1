/** How large a DAG file may be: one of 100,000 steps has some 10 MiB. */

export const dagBytesMax = 16 * 1024 * 1024;
/** Values in it, aliases followed: some ten for each step, and more. */
export const dagValuesMax = 2_000_000;
