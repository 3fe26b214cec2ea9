import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { familyProcessorMs, processorMs } from "../tools/process-facts.ts";

const work = "n=0; while [ $n -lt 100000 ]; do n=$((n + 1)); done";

test.each([
  ["that run, as a server's sessions", `sh -c '${work}; echo done; read line'; true`],
  ["that have ended, as sessions that were closed", `sh -c '${work}'; echo done; read line`],
])("familyProcessorMs() counts children %s", async (_, script) => {
  const child = spawn("sh", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    await once(child.stdout, "data");
    const pid = child.pid ?? Number.NaN;
    expect(familyProcessorMs(pid)).toBeGreaterThan(processorMs(pid) + 20);
  } finally {
    child.stdin.end();
    await once(child, "exit");
  }
});
