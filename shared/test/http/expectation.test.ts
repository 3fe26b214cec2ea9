import { describe, expect, test } from "bun:test";
import { awaitsContinue } from "../../src/http/expectation.ts";
import { startSample } from "../../testing/sample-service.ts";
import { exchange } from "./requests.ts";

describe("awaitsContinue()", () => {
  test.each([
    ["100-continue", false],
    ["100-Continue", true],
    ["100-CONTINUE", true],
    ["x, 100-continue", true],
    ["x=1 ,100-Continue\t, y", true],
    ["", false],
    ["x", false],
    ["101-continue", false],
    ["100-continue;q=1", false],
    ['"100-continue"', false],
  ])("of Expect: %p is %p", (value, expected) => {
    expect(awaitsContinue(new Headers({ expect: value }))).toBe(expected);
  });

  test("without the field is false", () => {
    expect(awaitsContinue(new Headers())).toBe(false);
  });
});

/** The request line, with the fields of a client that waits before it sends 16 bytes of JSON. */
const waiting = (
  line: string,
  expectation: string,
  fields = "Content-Type: application/json\r\n",
) => `${line} HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n${fields}Expect: ${expectation}\r\n\r\n`;

describe("httpPlugin() and Expect", () => {
  test.each(["100-Continue", "100-CONTINUE", "x, 100-continue"])(
    "responds to %s with 417 before the body, and closes the connection",
    async (expectation) => {
      await using service = await startSample();
      const received = await exchange(service.port, waiting("POST /notes", expectation));
      expect(received).toStartWith("HTTP/1.1 417 Expectation Failed\r\n");
      expect(received).toContain("\r\nConnection: close\r\n");
      expect(received).toContain('"code":"expectation-failed"');
    },
  );

  test.each([
    ["Java-http-client/17.0.15", "\r\n\r\n"],
    ["Java-http-client/21.0.9", "}"],
  ])("ends the response to %s with %j, since old JDKs read a body twice", async (agent, end) => {
    await using service = await startSample();
    const fields = `Content-Type: application/json\r\nUser-Agent: ${agent}\r\n`;
    const request = waiting("POST /notes", "100-Continue", fields);
    const received = await exchange(service.port, request, { until: "never: Bun closes" });
    expect(received).toStartWith("HTTP/1.1 417 Expectation Failed\r\n");
    expect(received).toEndWith(end);
  });

  test("responds to 100-continue with 100, and reads the body", async () => {
    await using service = await startSample();
    const request = waiting("POST /notes", "100-continue");
    const received = await exchange(service.port, `${request}{"text":"hello"}`);
    expect(received).toStartWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n");
  });

  test.each(["x", "100-continue;q=1", ""])("ignores an expectation of %j", async (expectation) => {
    await using service = await startSample();
    const request = waiting("POST /notes", expectation);
    const received = await exchange(service.port, `${request}{"text":"hello"}`);
    expect(received).toStartWith("HTTP/1.1 200 OK\r\n");
  });

  test.each([
    ["POST /nowhere", 404],
    ["POST /health", 405],
    ["POST /notes", 415],
  ])("%s of a client that waits is %i, and closes the connection", async (line, status) => {
    await using service = await startSample();
    const request = waiting(line, "100-Continue", "Content-Type: text/plain\r\n");
    const received = await exchange(service.port, request);
    expect(received).toStartWith(`HTTP/1.1 ${status} `);
    expect(received).toContain("\r\nConnection: close\r\n");
  });

  test("GET /health serves a client that waits, and closes the connection before its body", async () => {
    await using service = await startSample();
    const received = await exchange(service.port, waiting("GET /health", "100-Continue"));
    expect(received).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(received).toContain("\r\nConnection: close\r\n");
  });
});
