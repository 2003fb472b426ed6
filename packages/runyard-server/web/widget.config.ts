import { defineConfig } from "vite";

// One script and one style sheet of fixed names, which a notebook's kernel reads from the service.
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  publicDir: false,
  build: {
    target: "es2022",
    lib: {
      entry: "src/widget.tsx",
      formats: ["es"],
      fileName: () => "widget.js",
      cssFileName: "widget",
    },
    reportCompressedSize: false,
  },
});
