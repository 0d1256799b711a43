import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { defineConfig } from "vite";

// What Airflow's page puts on `globalThis` for plugins. Nothing of it is bundled: the page then uses Airflow's own
// React, router and theme, and stays a few kilobytes.
const hostGlobals = {
  "@chakra-ui/react": "ChakraUI",
  "@emotion/react": "EmotionReact",
  react: "React",
  "react-dom": "ReactDOM",
  "react-router-dom": "ReactRouterDOM",
  "react/jsx-runtime": "ReactJSXRuntime",
};

// The bundle is committed; its first line tells tests/ui which sources it was built from.
const sources = createHash("sha256");
const names = readdirSync("src", { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).split(sep).join("/"));
for (const name of names.sort()) {
  sources.update(name).update(readFileSync(name));
}

// What is bundled of others goes with its licence, which a minifier would drop.
const licences = ["@dagrejs/dagre"].map(
  (name) => `/*! ${name}:\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n*/`,
);

export default defineConfig({
  // A library's build leaves this to who bundles it next; a browser has no `process`.
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    lib: { entry: "src/main.tsx", fileName: "main", formats: ["umd"], name: "AirflowPlugin" },
    rolldownOptions: {
      external: Object.keys(hostGlobals),
      output: { globals: hostGlobals, postBanner: [`/*! Built from the sources ${sources.digest("hex")} */`, ...licences].join("\n") },
    },
  },
});
