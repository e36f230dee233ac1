/** Which view there is to see. */

import { Announcer } from "../parts/announcer.tsx";
import { Header, StaleNote } from "../parts/header.tsx";
import { useStore } from "../parts/page-context.ts";
import { useRoute } from "../parts/route.ts";
import { DeploymentsView } from "./deployments.tsx";
import { ImagesView } from "./images.tsx";
import { SignIn } from "./sign-in.tsx";

export function App() {
  const session = useStore((state) => state.session);
  const { view, name } = useRoute();
  if (session.kind !== "signed-in") return <SignIn session={session} />;
  return (
    <>
      <Header />
      <main>
        <StaleNote />
        {view === "images" ? <ImagesView who={session.who} /> : <DeploymentsView name={name} />}
      </main>
      <Announcer />
    </>
  );
}
