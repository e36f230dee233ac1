/** DAGs of any size in the shapes that people draw; their steps do nothing. */

export const shapes = {
  /** Steps side by side. */
  "fan-out": (steps: number) => dag("fan-out", steps, () => []),
  /** Each after the one before. */
  chain: (steps: number) => dag("chain", steps, (index) => (index === 0 ? [] : [index - 1])),
  /** One, then many, then one. */
  diamond: (steps: number) =>
    dag("diamond", steps, (index) => {
      if (index === 0) return [];
      return index < steps - 1 ? [0] : Array.from({ length: steps - 2 }, (_, other) => other + 1);
    }),
} as const satisfies Record<string, (steps: number) => string>;

export type Shape = keyof typeof shapes;

function dag(name: string, steps: number, depends: (index: number) => readonly number[]): string {
  const lines = Array.from({ length: steps }, (_, index) => {
    const names = depends(index).map((other) => `s${other}`);
    return `  - { id: s${index}, run: "true", depends: [${names.join(", ")}] }\n`;
  });
  return `name: ${name}\nsteps:\n${lines.join("")}`;
}
