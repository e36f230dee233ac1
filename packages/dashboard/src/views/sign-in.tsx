/** A token, before anything else. */

import { type FormEvent, useId, useState } from "react";
import { Mark } from "../parts/mark.tsx";
import { usePage } from "../parts/page-context.ts";
import type { Session } from "../store/state.ts";

interface SignInParts {
  readonly session: Exclude<Session, { readonly kind: "signed-in" }>;
}

export function SignIn({ session }: SignInParts) {
  const page = usePage();
  const id = useId();
  const [token, setToken] = useState("");
  const isBusy = session.kind === "checking";
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    page.signIn(token);
  };
  return (
    <main className="sign-in">
      <form onSubmit={submit} aria-busy={isBusy}>
        <h1>
          <Mark />
          Haversack
        </h1>
        <label htmlFor={id}>Token</label>
        <input
          id={id}
          type="password"
          value={token}
          onChange={(event) => setToken(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          aria-invalid={session.problem !== undefined}
          aria-describedby={`${id}-help ${id}-problem`}
          required
        />
        <p id={`${id}-problem`} className="problem" role="alert">
          {session.problem}
        </p>
        <button type="submit" className="main" aria-disabled={isBusy}>
          {isBusy ? "Asking the coordinator …" : "Sign in"}
        </button>
        <div id={`${id}-help`} className="help">
          <p>
            <code>haversack token create --role operator --name me</code> makes one. On the coordinator's host{" "}
            <code>admin.token</code> in its data folder is one, too.
          </p>
          <p>It stays in this tab and goes when the tab is closed.</p>
        </div>
      </form>
    </main>
  );
}
