import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { bodyOf } from "../../testing/running-service.ts";
import { startSample } from "../../testing/sample-service.ts";

const id = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const json = { "content-type": "application/json" };

/** What a server sends for these bytes until it closes or `enough` says so. */
function exchange(
  port: number,
  bytes: string,
  enough: (got: string) => boolean,
  isLeaving = false,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(bytes);
      if (isLeaving) socket.end();
    });
    socket.on("data", (chunk) => {
      got += chunk;
      if (enough(got)) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(got));
  });
}

describe("problems", () => {
  test("an unknown path is a 404 problem that names the request", async () => {
    await using service = await startSample();
    const response = await service.request("/nowhere", { headers: { "x-request-id": "abc" } });
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toEqual({
      type: "about:blank",
      title: "Not Found",
      status: 404,
      detail: expect.any(String),
      instance: "/nowhere",
      request_id: "abc",
    });
  });

  test.each(["/notes/", `/notes/${id}/`, "/NOTES", "/"])("%s is no path of ours", async (path) => {
    await using service = await startSample();
    expect((await fetch(service.url + path)).status).toBe(404);
  });

  test.each(["PUT", "PATCH", "DELETE", "OPTIONS"])(
    "%s where it is unknown is 405 with Allow",
    async (method) => {
      await using service = await startSample();
      const response = await service.request(`/notes/${id}`, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD");
    },
  );

  test("an error that nobody expected is told to the log and not to the client", async () => {
    const find = () => Promise.reject(new Error("secret at /var/lib"));
    await using service = await startSample({ find });
    const response = await service.request(`/notes/${id}`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    const line = service.lines.find(({ status }) => status === 500);
    expect(line).toMatchObject({
      level: "error",
      err: { type: "Error", message: "secret at /var/lib", stack: expect.stringContaining("at ") },
    });
  });

  test.each(["busy", "full"] as const)("a storage that is %s sheds the request", async (reason) => {
    const find = () => Promise.reject(new StorageUnavailable(reason));
    await using service = await startSample({ find });
    const response = await service.request(`/notes/${id}`);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    const line = service.lines.find(({ status }) => status === 503);
    expect(line).toMatchObject({ level: "warn" });
    expect(line).not.toHaveProperty("err");
  });

  test("a long path is not sent back in full", async () => {
    await using service = await startSample();
    const response = await service.request(`/notes/${"x".repeat(5000)}`);
    expect(response.status).toBe(422);
    expect(await response.text()).not.toContain("x".repeat(101));
  });
});

describe("bodies", () => {
  test.each([
    ["text", "text/plain", 415],
    ["a form", "application/x-www-form-urlencoded", 415],
    ["JSON in another charset", "application/json; charset=latin1", 415],
    ["something that begins like JSON", "application/jsonx", 415],
    ["JSON in capitals", "Application/JSON", 200],
    ["JSON with its charset", 'application/json;charset="UTF-8"', 200],
    ["a kind of JSON", "application/vnd.note+json", 200],
  ])("%s (%s) is answered with %i %p", async (_, type, status) => {
    await using service = await startSample();
    const response = await service.request("/notes", {
      headers: { "content-type": type },
      body: '{"text":"hello"}',
    });
    expect(response.status).toBe(status);
  });

  test("a body without a type is refused", async () => {
    await using service = await startSample();
    const body = new TextEncoder().encode('{"text":"hello"}');
    const response = await service.request("/notes", { method: "POST", body });
    expect(response.status).toBe(415);
  });

  test.each([
    ["cut off", '{"text":'],
    ["two documents", "{}{}"],
    ["single quotes", "{'text':'x'}"],
    ["not UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
  ])("JSON that is %s is refused", async (_, body) => {
    await using service = await startSample();
    const response = await service.request("/notes", { headers: json, body });
    expect(response.status).toBe(400);
  });

  test("a body that is too large is refused, declared or in pieces, and the connection lives on", async () => {
    await using service = await startSample({ limits: { maxBodyBytes: 1000 } });
    const fits = JSON.stringify({ text: "hello", padding: "x".repeat(900) });
    expect((await service.request("/notes", { headers: json, body: fits })).status).toBe(200);
    const long = JSON.stringify({ text: "hello", padding: "x".repeat(1000) });
    const declared = await service.request("/notes", { headers: json, body: long });
    expect(declared.status).toBe(413);
    const pieces = await service.request("/notes", {
      headers: json,
      body: new Blob([long]).stream(),
    });
    expect(pieces.status).toBe(413);
    const size = long.length.toString(16);
    const got = await exchange(
      service.port,
      `POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${long}\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n`,
      (got) => got.includes('"ok"'),
    );
    expect(got).toContain("HTTP/1.1 413");
  });

  test("the refusal of a large body can be read by a client that is still sending", async () => {
    await using service = await startSample({ limits: { maxBodyBytes: 1000 } });
    const body = "x".repeat(1_100_000);
    const request = `POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const next = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
    const got = await exchange(service.port, request + next, (got) => got.includes('"ok"'));
    expect(got).toContain("HTTP/1.1 413");
    expect(got).toContain('"status":413');
    expect(got).toContain("HTTP/1.1 200");
  });

  test("the order of checks is route, size, type, JSON, schema", async () => {
    await using service = await startSample({ limits: { maxBodyBytes: 10 } });
    const text = { "content-type": "text/plain" };
    const status = async (path: string, sent: Parameters<typeof service.request>[1]) =>
      (await service.request(path, sent)).status;
    const long = "x".repeat(20);
    expect(await status("/nowhere", { headers: text, body: long })).toBe(404);
    expect(await status(`/notes/${id}`, { headers: text, body: long })).toBe(405);
    expect(await status("/notes", { headers: text, body: long })).toBe(413);
    expect(await status("/notes", { headers: text, body: "x" })).toBe(415);
    expect(await status("/notes", { headers: json, body: "x" })).toBe(400);
    expect(await status("/notes", { headers: json, body: "{}" })).toBe(422);
  });

  test.each([
    ["where nothing is known", '{"text":"hello","x":', "}"],
    ["where text is wanted", '{"text":', "}"],
    ["as the whole", "", ""],
  ])("absurd nesting %s is refused at once", async (_, before, after) => {
    await using service = await startSample();
    const body = `${before}${"[".repeat(200_000)}${"]".repeat(200_000)}${after}`;
    const response = await service.request("/notes", { headers: json, body });
    expect(response.status).toBe(400);
  });

  test("a large body full of faults is refused without being copied into an error", async () => {
    await using service = await startSample();
    const body = `{"text":[${"{},".repeat(300_000)}{}]}`;
    const response = await service.request("/notes", { headers: json, body });
    expect(response.status).toBe(422);
    expect((await bodyOf(response)).errors).toHaveLength(1);
  });

  test("brackets in text and harmless nesting are accepted", async () => {
    await using service = await startSample();
    const deep = `${"[".repeat(400)}"\\"]]"${"]".repeat(400)}`;
    const body = `{"text":"[[[","x":${deep},"y":"${"[".repeat(1000)}"}`;
    expect((await service.request("/notes", { headers: json, body })).status).toBe(200);
  });

  test("an empty body in chunks is no body", async () => {
    await using service = await startSample();
    const got = await exchange(
      service.port,
      "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      (got) => got.includes("}"),
    );
    expect(got).toContain("HTTP/1.1 422");
  });

  test("JSON null is a body, of the wrong kind", async () => {
    await using service = await startSample();
    const response = await service.request("/notes", { headers: json, body: "null" });
    expect((await bodyOf(response)).errors?.[0]?.pointer).toBe("#");
  });

  test("a compressed body is refused", async () => {
    await using service = await startSample();
    const response = await service.request("/notes", {
      headers: { ...json, "content-encoding": "gzip" },
      body: Bun.gzipSync('{"text":"hello"}'),
    });
    expect(response.status).toBe(415);
  });

  test("a client that leaves in the middle of its body is no error of ours", async () => {
    await using service = await startSample();
    await exchange(
      service.port,
      "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
      () => true,
      true,
    );
    await service.logged("request");
    expect(service.lines.at(-1)).toMatchObject({ level: "info", status: 400 });
  });

  test("a body where none is wanted is no fault", async () => {
    await using service = await startSample();
    const got = await exchange(
      service.port,
      `GET /notes/${id} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`,
      (got) => got.includes("found"),
    );
    expect(got).toContain("HTTP/1.1 200");
  });
});

describe("Host", () => {
  test.each(["a b/c?d", "", "x:y:z", "[::1", "\u00e4"])(
    "a Host of %p does not matter",
    async (host) => {
      await using service = await startSample();
      const got = await exchange(
        service.port,
        `GET /notes/${id}?q=1 HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
        (got) => got.includes("}"),
      );
      expect(got).toContain("HTTP/1.1 200");
    },
  );

  test("a path means the same whatever the Host", async () => {
    await using service = await startSample();
    for (const host of ["a", "a b", "%", "a:99999", "[::1", "1.2.3.999", "x:y:z"]) {
      const got = await exchange(
        service.port,
        `GET /notes/../health HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
        (got) => got.includes("}"),
      );
      expect(got).toContain("HTTP/1.1 200");
    }
  });

  test("a body comes through whatever the Host", async () => {
    await using service = await startSample();
    const got = await exchange(
      service.port,
      `POST /notes HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"text":"hello"}`,
      (got) => got.includes("}"),
    );
    expect(got).toContain(" 200 ");
  });
});

test.each(["/health", "/nowhere", `/notes/${id}`])(
  "HEAD %s tells when it was answered",
  async (path) => {
    await using service = await startSample();
    const response = await service.request(path, { method: "HEAD" });
    expect(Date.parse(response.headers.get("date") ?? "")).not.toBeNaN();
  },
);

describe("request ids", () => {
  test("a well-formed id is kept, in the answer and in the log", async () => {
    await using service = await startSample();
    const sent = "A-z0.9_".padEnd(128, "x");
    const response = await service.request(`/notes/${id}`, { headers: { "x-request-id": sent } });
    expect(response.headers.get("x-request-id")).toBe(sent);
    expect(service.lines.at(-1)).toMatchObject({ request_id: sent });
  });

  test.each(["", "a b", "x".repeat(129), "é", "a,b"])("an id like %p is replaced", async (sent) => {
    await using service = await startSample();
    const response = await service.request(`/notes/${id}`, { headers: { "x-request-id": sent } });
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{14}7[0-9a-f-]{21}$/);
  });
});

describe("overload", () => {
  test("past the limit requests are refused at once, while operations still answer", async () => {
    const gate = Promise.withResolvers<void>();
    await using service = await startSample({
      limits: { maxInFlight: 2 },
      find: () => gate.promise,
    });
    const held = [service.request(`/notes/${id}`), service.request(`/notes/${id}`)];
    let shed: Response;
    do shed = await service.request("/notes", { json: { text: "x" } });
    while (shed.status === 200);
    expect(shed.status).toBe(503);
    expect(shed.headers.get("retry-after")).toBe("1");
    const line = service.lines.find(({ status }) => status === 503);
    expect(line).toMatchObject({ level: "warn" });
    expect(line).not.toHaveProperty("err");
    for (const path of ["/health", "/ready", "/metrics"]) {
      expect((await service.request(path)).status).toBe(200);
    }
    expect((await service.request("/nowhere")).status).toBe(404);
    expect(await service.metric("http_requests_in_flight")).toBe(2);
    gate.resolve();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await service.request("/notes", { json: { text: "x" } })).status).toBe(200);
    expect(await service.metric("http_requests_in_flight")).toBe(0);
  });
});

test("clients whose bodies do not end take no place of those who are answered", async () => {
  await using service = await startSample({ limits: { maxInFlight: 1 } });
  const slow = Array.from({ length: 5 }, async () => {
    const socket = connect(service.port, "127.0.0.1");
    await once(socket, "connect");
    socket.write("POST /notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n");
    socket.write("Content-Length: 12\r\n\r\n{");
    return socket;
  });
  const sockets = await Promise.all(slow);
  for (let n = 0; n < 10; n += 1) {
    expect((await service.request("/notes", { json: { text: "x" } })).status).toBe(200);
  }
  expect(await service.metric("http_requests_in_flight")).toBe(0);
  for (const socket of sockets) {
    const answered = once(socket, "data");
    socket.write('"text":"y"}');
    expect(String(await answered)).toStartWith("HTTP/1.1 200");
    socket.end();
  }
});

describe("operations", () => {
  test("health is exactly this", async () => {
    await using service = await startSample();
    expect(await (await service.request("/health")).text()).toBe('{"status":"ok"}');
  });

  test("readiness follows the service's life and its storage", async () => {
    await using service = await startSample();
    expect(await (await service.request("/ready")).json()).toEqual({ status: "ready" });
    for (const phase of ["starting", "draining"] as const) {
      service.lifecycle.phase = phase;
      const response = await service.request("/ready");
      expect(response.status).toBe(503);
      expect(await response.json()).toEqual({ status: phase, reason: expect.any(String) });
      expect((await service.request("/health")).status).toBe(200);
    }
    service.lifecycle.phase = "ready";
    await rm(service.storage.db.filename);
    expect((await service.request("/ready")).status).toBe(503);
  });

  test("while draining every answer closes its connection", async () => {
    await using service = await startSample();
    expect((await service.request(`/notes/${id}`)).headers.get("connection")).not.toBe("close");
    service.lifecycle.phase = "draining";
    for (const path of [`/notes/${id}`, "/nowhere", "/health", "/metrics"]) {
      expect((await service.request(path)).headers.get("connection")).toBe("close");
    }
  });
});

describe("metrics", () => {
  const count = (method: string, endpoint: string, status: number) =>
    `http_requests_total{method="${method}",endpoint="${endpoint}",status="${status}"}`;

  test("requests are counted by route template, whatever was asked for", async () => {
    await using service = await startSample();
    await service.request(`/notes/${id}`);
    await service.request(`/notes/${id}`, { method: "HEAD" });
    await service.request("/notes/no-uuid");
    await service.request("/notes", { headers: json, body: "{" });
    await service.request("/notes/x", { method: "DELETE" });
    await service.request("/nowhere/1");
    await service.request("/nowhere/2");
    await fetch(`${service.url}/notes/x`, { method: "PROPFIND" });
    await service.request("/health");
    expect(await service.metric(count("GET", "/notes/{id}", 200))).toBe(1);
    expect(await service.metric(count("HEAD", "/notes/{id}", 200))).toBe(1);
    expect(await service.metric(count("GET", "/notes/{id}", 422))).toBe(1);
    expect(await service.metric(count("POST", "/notes", 400))).toBe(1);
    expect(await service.metric(count("DELETE", "/notes/{id}", 405))).toBe(1);
    expect(await service.metric(count("GET", "unmatched", 404))).toBe(2);
    expect(await service.metric(count("OTHER", "/notes/{id}", 405))).toBe(1);
    const printed = await (await service.request("/metrics")).text();
    expect(printed).not.toContain('endpoint="/health"');
    expect(printed).toContain('build_info{service="sample",version="test",commit="test"} 1');
    expect(
      await service.metric(
        'http_request_duration_seconds_count{method="GET",endpoint="/notes/{id}"}',
      ),
    ).toBe(2);
  });
});

describe("logs", () => {
  test("a finished request is one line that says what was asked, and not who asked", async () => {
    await using service = await startSample();
    await service.request(`/notes/${id}?token=secret`);
    expect(service.lines).toHaveLength(1);
    expect(service.lines[0]).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      service: "sample",
      version: "test",
      request_id: expect.any(String),
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      method: "GET",
      route: "/notes/{id}",
      path: `/notes/${id}`,
      status: 200,
      duration_ms: expect.any(Number),
      msg: "request",
    });
  });

  test("an address in a path is not logged", async () => {
    await using service = await startSample();
    await service.request("/notes/alice@example.com");
    await service.request("/notes/alice%40example.com");
    expect(JSON.stringify(service.lines)).not.toContain("alice");
  });

  test("an address that the longest logged path would cut is not logged either", async () => {
    await using service = await startSample();
    await service.request(`/notes/${"x".repeat(985)}/alice%40example.com`);
    expect(JSON.stringify(service.lines)).not.toContain("alice");
  });

  test("an answer that does not fit its schema is told without what is in it", async () => {
    await using service = await startSample({ text: "private@example.com is too long" });
    const response = await service.request(`/notes/${id}`);
    expect(response.status).toBe(500);
    const line = JSON.stringify(service.lines.at(-1));
    expect(line).toContain("/text");
    expect(line).not.toContain("private");
  });

  test("operations are logged only for those who look for them", async () => {
    await using service = await startSample();
    await service.request("/health");
    expect(service.lines.map(({ level }) => level)).toEqual(["debug"]);
  });
});
