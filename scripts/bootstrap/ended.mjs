// Waits for a child process and keeps the end of what it writes.

/**
 * Resolves with the exit code, or the signal, and the last characters of both outputs; rejects when it could not be started.
 * @param onStart is told the process id
 */
export function ended(child, { charactersMax, onStart }) {
  if (child.pid !== undefined) onStart(child.pid);
  let output = "";
  const keep = (chunk) => {
    output = (output + chunk).slice(-charactersMax);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? signal, output }));
  });
}
