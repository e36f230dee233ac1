/** Name, ways, who is signed in, and whether what is shown is current. */

import type { Link } from "../store/state.ts";
import { Mark } from "./mark.tsx";
import { Moment } from "./moment.tsx";
import { usePage, useStore } from "./page-context.ts";
import { pathTo, type Route, useRoute } from "./route.ts";

const views: readonly { readonly view: Route["view"]; readonly name: string }[] = [
  { view: "images", name: "Images" },
  { view: "deployments", name: "Deployments" },
];

export function Header() {
  const page = usePage();
  const { view: here } = useRoute();
  const session = useStore((state) => state.session);
  const link = useStore((state) => state.link);
  const who = session.kind === "signed-in" ? session.who : undefined;
  return (
    <header className="top">
      <a className="brand" href={pathTo({ view: "images" })}>
        <Mark />
        Haversack
      </a>
      <nav aria-label="Views">
        {views.map(({ view, name }) => (
          <a key={view} href={pathTo({ view })} aria-current={view === here ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <LinkState link={link} />
      {who !== undefined && (
        <div className="who">
          <span>
            {who.name}
            {who.name !== who.role && <span className="faint"> · {who.role}</span>}
          </span>
          <button type="button" className="plain" onClick={() => page.signOut()}>
            Sign out
          </button>
        </div>
      )}
    </header>
  );
}

const words = { connecting: "connecting", live: "live", reconnecting: "reconnecting" } as const;

function LinkState({ link }: { readonly link: Link }) {
  return (
    <span
      className={`link ${link.kind}`}
      role="status"
      title={link.kind === "reconnecting" ? link.why : undefined}
    >
      {words[link.kind]}
    </span>
  );
}

/** While the link is broken: what is shown is old, and nothing is wrong with it. */
export function StaleNote() {
  const link = useStore((state) => state.link);
  if (link.kind !== "reconnecting") return null;
  return (
    <p className="note warn">
      Reconnecting: {link.why}. What is shown is from <Moment at={link.since} />; what runs goes on.
    </p>
  );
}
