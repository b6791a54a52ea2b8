// ESLint's recommended rules, for all scripts of `js/`, and a few more.

import js from "@eslint/js";
import { defineConfig } from "eslint/config";

export default defineConfig([
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022 },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-var": "error",
      "prefer-const": "error",
      // TypeScript knows better which names there are.
      "no-undef": "off",
    },
  },
  { files: ["embed/embed.js", "service-worker.js"], languageOptions: { sourceType: "script" } },
]);
