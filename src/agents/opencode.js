// Asks stage-guard before opencode writes a file or runs a command.
// `stage-guard install --agent=opencode` wrote this file, and `stage-guard uninstall` removes it.

import { spawn } from "node:child_process";

const PROGRAM = "stage-guard";
const TOOLS = ["write", "edit", "apply_patch", "bash"];
const TIME_LIMIT = 10_000;

/** Returns what the program prints, or nothing after the time limit. */
function run(event) {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, ["agent", "opencode"], { stdio: ["pipe", "pipe", "ignore"] });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      // What the program has started may keep the pipe open.
      child.stdout.destroy();
      resolve("");
    }, TIME_LIMIT);
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    // The program may end before it has read the event.
    child.stdin.on("error", () => {});
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(output).toString());
    });
    child.stdin.end(event);
  });
}

/** Returns why an action is denied. Any trouble allows it: git's hooks check the commit. */
async function denial(event) {
  try {
    const answer = JSON.parse(await run(JSON.stringify(event)));
    return answer.decision === "block" ? String(answer.reason) : undefined;
  } catch {
    return undefined;
  }
}

export const StageGuard = async ({ directory }) => ({
  "tool.execute.before": async (input, output) => {
    const reason = TOOLS.includes(input.tool) ? await denial({ directory, input, output }) : undefined;
    if (reason !== undefined) throw new Error(reason);
  },
});
