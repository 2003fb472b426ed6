import { defineConfig } from "vite";

// What the service's rule for content (no inline script, no data: address) asks of the bundle.
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "assets/licenses.md" },
    reportCompressedSize: false,
  },
});
