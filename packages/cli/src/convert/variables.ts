/** `$NAME` and `${NAME}` in values that Dagu expands itself, outside of any shell. */

/** Every variable that a text names. */
export function variablesIn(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/\$(?:\{([A-Za-z_]\w*)[^}]*\}|([A-Za-z_]\w*))/g)].map(([, a, b]) => a ?? b ?? ""),
  );
}

export type Expanded = { readonly text: string } | { readonly problem: string };

/** @param meaning what a variable stands for in our file; undefined: nothing that is known */
export function expanded(text: string, meaning: (name: string) => string | undefined): Expanded {
  if (/`|\$\(/.test(text)) {
    return {
      problem:
        "Dagu runs a command for this value when it starts; do it in a step, and pass it on as an output",
    };
  }
  if (text.includes("${{")) return { problem: "contains ${{, which would be an expression here" };
  let problem: string | undefined;
  const result = text.replace(/\$(?:\{([^}]*)\}|([A-Za-z_]\w*))/g, (all, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    const known = /^[A-Za-z_][\w-]*(\.[\w-]+)*$/.test(name) ? meaning(name) : undefined;
    if (known === undefined)
      problem ??= `${all} comes from the environment of Dagu's server; write its value, or make it a parameter`;
    return known ?? all;
  });
  return problem === undefined ? { text: result } : { problem };
}
