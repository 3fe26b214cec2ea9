import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, readConfig } from "@platform/shared/service/env";
import { createLog } from "@platform/shared/telemetry/logger";
import { logLines } from "@platform/shared/testing/log-lines";
import { temporaryFolder, type TemporaryFolder } from "@platform/shared/testing/temporary-folder";
import { serviceToken, tokenFile } from "../../src/user-service/service-token.ts";

let folder: TemporaryFolder;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "token");
});
afterEach(() => folder[Symbol.asyncDispose]());

const settings = { file: tokenFile("TOKEN_FILE") };
const fileAt = (value: string) => readConfig(settings, { TOKEN_FILE: value }).file;

/** The lines for the operator about a file that cannot be used. */
function refusal(value = path): string {
  try {
    fileAt(value);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("The file is not refused");
}

/** A token in the file, a clock that stands still, and what is logged. */
function keep(token: string) {
  writeFileSync(path, token);
  const log = logLines();
  const { logger } = createLog({
    service: "test",
    version: "test",
    level: "info",
    destination: log,
  });
  const file = fileAt(path);
  if (file === undefined) throw new Error("There is no file");
  const clock = { ms: 0 };
  const kept = serviceToken(file, { logger, now: () => clock.ms });
  return { kept, clock, messages: () => log.lines.map(({ msg }) => msg), lines: log.lines };
}

describe("tokenFile()", () => {
  test("takes the text of the file without the white space around it", () => {
    writeFileSync(path, "\n  abc.DEF-_~+/== \r\n");
    expect(fileAt(path)).toEqual({ path, token: "abc.DEF-_~+/==" });
  });

  test("is not read where the variable is not set or empty", () => {
    expect(readConfig(settings, {}).file).toBeUndefined();
    expect(fileAt("")).toBeUndefined();
  });

  test("refuses a file that is missing, empty, no file or too large, and says which", () => {
    const expectRefusal = (reason: string) =>
      expect(refusal()).toBe(
        `Cannot use TOKEN_FILE: it must be the path of a file with a token; ${reason}`,
      );
    expectRefusal("there is no such file or folder; check the path");
    for (const text of ["", " \n\t"]) {
      writeFileSync(path, text);
      expectRefusal("the file is empty");
    }
    writeFileSync(path, "a".repeat(8193));
    expectRefusal("the token has more than 8192 characters");
    writeFileSync(path, `a${" ".repeat(20_000)}`);
    expectRefusal("the file is too large for a token");
    rmSync(path);
    mkdirSync(path);
    expectRefusal("it is no regular file");
  });

  test("refuses a token that no header field can have, and repeats nothing of it", () => {
    for (const text of [
      "secret\nsecret",
      "secret\r\nX: y",
      "secret secret",
      "sécret",
      "secret\0",
    ]) {
      writeFileSync(path, text);
      expect(refusal()).toContain("the token has characters other than");
      expect(refusal()).not.toMatch(/s.cret/);
    }
  });

  test("refuses a token in the place of the path, and repeats nothing of it", () => {
    expect(refusal("eyJhbGciOi.secret.signature")).not.toMatch(/eyJ|secret|signature/);
  });
});

describe("serviceToken()", () => {
  test("follows the links that the kubelet swaps", async () => {
    const store = (name: string, token: string) => {
      mkdirSync(join(folder.path, name));
      writeFileSync(join(folder.path, name, "token"), token);
      symlinkSync(name, join(folder.path, "..data_tmp"));
      renameSync(join(folder.path, "..data_tmp"), join(folder.path, "..data"));
    };
    store("..1", "first");
    symlinkSync(join("..data", "token"), path);
    const file = fileAt(path);
    if (file === undefined) throw new Error("There is no file");
    const { logger } = createLog({ service: "test", version: "test", level: "silent" });
    const kept = serviceToken(file, { logger });
    expect(kept.authorization).toBe("Bearer first");
    store("..2", "second");
    rmSync(join(folder.path, "..1"), { recursive: true });
    await kept.job.run(new AbortController().signal);
    expect(kept.authorization).toBe("Bearer second");
  });

  test("goes on with the last token while the file has none, and warns once a minute", () => {
    const { kept, clock, messages, lines } = keep("first");
    const spoilt = ["", "sec\nret", "a".repeat(9000)];
    for (clock.ms of [0, 1, 59_999]) {
      writeFileSync(path, spoilt.shift() ?? "");
      kept.reload();
    }
    rmSync(path);
    kept.reload();
    expect(messages()).toEqual(["cannot read the token, and use the last one"]);
    clock.ms = 60_000;
    kept.reload();
    expect(messages()).toHaveLength(2);
    expect(lines.at(-1)).toMatchObject({
      level: "warn",
      file: path,
      reason: "there is no such file or folder; check the path",
    });
    expect(kept.authorization).toBe("Bearer first");
    writeFileSync(path, "second\n");
    kept.reload();
    expect(kept.authorization).toBe("Bearer second");
  });

  test("logs a change, and nothing of the tokens", () => {
    const { kept, messages, lines } = keep("first");
    kept.reload();
    expect(messages()).toEqual([]);
    writeFileSync(path, "second");
    kept.reload();
    kept.reload();
    expect(messages()).toEqual(["token has changed"]);
    expect(JSON.stringify(lines)).not.toMatch(/first|second/);
  });
});
