/** An error whose message is all that a person needs. 7: the environment is at fault (docs/operations.md). */
export function problem(message, exitCode = 7) {
  return Object.assign(new Error(message), { forPeople: true, exitCode });
}
