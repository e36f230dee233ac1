/** The page in its browser: the only file that touches it. */

import { createRoot } from "react-dom/client";
import { createPageClient } from "./api/client.ts";
import type { Outside } from "./api/outside.ts";
import { createPage } from "./api/page.ts";
import { tokenInHash } from "./api/token.ts";
import { PageContext } from "./parts/page-context.ts";
import { createStore } from "./store/store.ts";
import { App } from "./views/app.tsx";

const outside: Outside = {
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after(ms, call) {
      const timer = setTimeout(call, ms);
      return { cancel: () => clearTimeout(timer) };
    },
  },
  random: { fraction: () => Math.random() },
  storage: sessionStorage,
  baseUrl: new URL(".", location.href).href.replace(/\/$/, ""),
  isVisible: () => document.visibilityState === "visible",
  onVisible(call) {
    document.addEventListener("visibilitychange", call);
    return () => document.removeEventListener("visibilitychange", call);
  },
};

const given = tokenInHash(location.hash);
// Before anything else: what stands in an address is copied, kept and shown.
if (location.hash.startsWith("#token=")) history.replaceState(null, "", location.pathname);

const store = createStore(outside.clock);
const page = createPage({ outside, store, createClient: createPageClient });
page.start(given);

const root = document.getElementById("page");
if (root === null) throw new Error("the page has no place for itself");
createRoot(root).render(
  <PageContext value={{ page, store }}>
    <App />
  </PageContext>,
);
