/** Labels of runs: names and values that people choose, and that lists are filtered by. */

export type RunLabels = { readonly [name: string]: string };

/** Of one run. */
export const runLabelsMax = 50;
const valueCharactersMax = 200;
export const runLabelForm = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;
export const runLabelExpected =
  "expected letters, digits and . _ / -, at most 63 characters, such as team or app/tier";
// C0 and C1.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const control = /[\u0000-\u001f\u007f-\u009f]/;

/** What is wrong with a label, or undefined. */
export function runLabelProblem(name: string, value: string): string | undefined {
  if (!runLabelForm.test(name)) return `is no name of a label; ${runLabelExpected}`;
  if (value.length > valueCharactersMax)
    return `has a value of ${value.length} characters, at most ${valueCharactersMax}`;
  return control.test(value) || !value.isWellFormed() ? "has a value with control characters" : undefined;
}
