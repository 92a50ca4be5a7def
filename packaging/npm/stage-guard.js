#!/usr/bin/env node
// Runs the program of the package for this platform.

"use strict";

const { spawn } = require("child_process");

function fail(message, help) {
  console.error(`stage-guard: ${message}\nhelp: ${help}`);
  process.exit(2);
}

function findProgram() {
  const name = `stage-guard-${process.platform}-${process.arch}`;
  try {
    return require.resolve(`${name}/bin/stage-guard`);
  } catch {
    return fail(
      `the package ${name} is not installed`,
      `install ${name}-*.tgz of the same release, too; if it has none, build stage-guard from source`,
    );
  }
}

const child = spawn(findProgram(), process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => fail(`cannot run ${child.spawnfile}: ${error.message}`, "install stage-guard again"));

// A terminal sends these to the program, too.
for (const signal of ["SIGINT", "SIGQUIT"]) process.on(signal, () => {});
for (const signal of ["SIGHUP", "SIGTERM"]) process.on(signal, () => child.kill(signal));

child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
