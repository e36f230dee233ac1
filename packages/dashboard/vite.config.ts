/** The page as static files. Every asset is a file of its own: the content policy allows nothing inline. */

import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  // The page may lie below another path, behind somebody's proxy.
  base: "./",
  oxc: { jsx: { runtime: "automatic" } },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    license: false,
  },
});
