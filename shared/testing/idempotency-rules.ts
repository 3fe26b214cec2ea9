// The rules of Idempotency-Key, which are the same for every creating route of every service.
import { describe, expect, test } from "bun:test";
import { bodyOf, type RunningService, type Sent } from "./running-service.ts";

/** A route that creates resources, and bodies to send to it. */
interface CreatingRoute {
  /** The path of the route, and of the list of what it created. */
  readonly path: string;
  readonly body: object;
  /** The same as `body` after validation and normalisation. */
  readonly respelled: object;
  readonly otherBody: object;
  readonly invalidBody: object;
  /** The body of a PATCH that changes the resource. */
  readonly change: object;
  start(): Promise<RunningService>;
  /**
   * Starts a service in which the first creation waits for `finish()`. `called` resolves when it has
   * claimed its key.
   */
  startHeld(): Promise<RunningService & { readonly called: Promise<void>; finish(): void }>;
  /** Starts a service that refuses `body` until `relent()`. */
  startRefusing(): Promise<RunningService & { relent(): Promise<void> | void }>;
  /** The status of that refusal. */
  readonly refusalStatus: number;
}

/** Tests that a route heeds `Idempotency-Key`. */
export function testIdempotencyRules({ path, body, ...route }: CreatingRoute): void {
  const { respelled, otherBody, invalidBody, change } = route;
  const post = ({ request }: RunningService, key: string, json = body): Promise<Response> =>
    request(path, { json, headers: { "idempotency-key": key } });
  const count = async ({ request }: RunningService): Promise<number> =>
    (await bodyOf<unknown[]>(await request(`${path}?limit=1000`))).length;
  const codeOf = async (response: Response) => {
    const { status, code } = await bodyOf(response);
    return [status, code];
  };

  describe(`POST ${path} with an Idempotency-Key`, () => {
    test("replays the first response for a repeated key, and stores nothing", async () => {
      await using service = await route.start();
      const first = await post(service, "k-1");
      const second = await post(service, "k-1");
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(await second.json()).toEqual(await first.json());
      for (const name of ["location", "etag"]) {
        expect(second.headers.get(name)).toBe(first.headers.get(name));
      }
      expect(first.headers.has("idempotent-replayed")).toBe(false);
      expect(second.headers.get("idempotent-replayed")).toBe("true");
      expect(await count(service)).toBe(1);
    });

    test("replays the resource as it was created, with its present ETag", async () => {
      await using service = await route.start();
      const first = await post(service, "k-1");
      const location = first.headers.get("location") ?? "";
      const changed = await service.request(location, { method: "PATCH", json: change });
      expect(changed.status).toBe(200);
      const replay = await post(service, "k-1");
      expect(await replay.json()).toEqual(await first.json());
      expect(replay.headers.get("location")).toBe(location);
      expect(replay.headers.get("etag")).toBe(changed.headers.get("etag"));
      expect(await count(service)).toBe(1);
    });

    test("replays for a body that is the same after normalisation", async () => {
      await using service = await route.start();
      const first = await post(service, "k-1");
      expect(await (await post(service, "k-1", respelled)).json()).toEqual(await first.json());
    });

    test("takes a bare and a quoted key for the same key", async () => {
      await using service = await route.start();
      const first = await post(service, "k-1");
      expect(await (await post(service, '"k-1"')).json()).toEqual(await first.json());
      const other = await post(service, "k-2", otherBody);
      expect(other.headers.has("idempotent-replayed")).toBe(false);
      expect(other.status).toBe(201);
    });

    test("refuses another body with a used key", async () => {
      await using service = await route.start();
      await post(service, "k-1");
      const refused = await post(service, "k-1", otherBody);
      const detail = "This Idempotency-Key was used with another body";
      expect(await bodyOf(refused)).toMatchObject({ status: 422, code: "key-reused", detail });
      expect(await count(service)).toBe(1);
    });

    test("asks a client to retry while its first request is in progress", async () => {
      await using service = await route.startHeld();
      const first = post(service, "k-1");
      await service.called;
      const repeat = await post(service, "k-1");
      expect(repeat.headers.get("retry-after")).toBe("1");
      expect(await codeOf(repeat)).toEqual([409, "key-in-progress"]);
      expect(await codeOf(await post(service, "k-1", otherBody))).toEqual([422, "key-reused"]);
      service.finish();
      expect((await first).status).toBe(201);
      expect((await first).headers.has("idempotent-replayed")).toBe(false);
      expect(await count(service)).toBe(1);
    });

    test("stores one resource for many requests at once with one key", async () => {
      await using service = await route.start();
      const responses = await Promise.all(Array.from({ length: 30 }, () => post(service, "k-1")));
      expect(responses.every(({ status }) => status === 201 || status === 409)).toBe(true);
      expect(await count(service)).toBe(1);
      expect((await post(service, "k-1")).headers.get("idempotent-replayed")).toBe("true");
    });

    test("remembers no refusal: a retry with the same key succeeds", async () => {
      await using service = await route.startRefusing();
      const refused = await post(service, "k-1");
      expect(refused.status).toBe(route.refusalStatus);
      expect((await post(service, "k-1")).status).toBe(route.refusalStatus);
      await service.relent();
      const retry = await post(service, "k-1");
      expect(retry.status).toBe(201);
      expect(retry.headers.has("idempotent-replayed")).toBe(false);
    });

    const tooLong = "x".repeat(256);
    const malformed = ["", tooLong, "a b", '"abc', '""', "caf\u00e9"];
    test.each(malformed)("refuses the key %j", async (key) => {
      await using service = await route.start();
      expect(await codeOf(await post(service, key))).toEqual([400, "key-malformed"]);
      expect(await count(service)).toBe(0);
    });

    test("reports an invalid body and a malformed key in one response", async () => {
      await using service = await route.start();
      const refused = await post(service, "a b", invalidBody);
      expect(await refused.json()).toMatchObject({
        status: 422,
        code: "validation-failed",
        errors: expect.arrayContaining([
          { pointer: expect.any(String), detail: expect.any(String) },
          { header: "Idempotency-Key", detail: expect.stringMatching(/^Must be one key/) },
        ]),
      });
      expect((await post(service, "k-1", invalidBody)).status).toBe(422);
      expect((await post(service, "k-1")).status).toBe(201);
    });

    test("accepts a key of 255 characters", async () => {
      await using service = await route.start();
      const key = "~".repeat(255);
      const first = await post(service, key);
      expect(first.status).toBe(201);
      expect(await (await post(service, `"${key}"`)).json()).toEqual(await first.json());
    });

    test("refuses two Idempotency-Key headers", async () => {
      await using service = await route.start();
      const response = await fetch(service.url + path, {
        method: "POST",
        headers: [
          ["content-type", "application/json"],
          ["idempotency-key", "a"],
          ["idempotency-key", "b"],
        ],
        body: JSON.stringify(body),
      });
      expect(response.status).toBe(400);
      expect(await count(service)).toBe(0);
    });

    test("creates a resource for each request without a key", async () => {
      await using service = await route.start();
      const sent: Sent[] = [{ json: body }, { json: otherBody }];
      for (const request of sent) {
        const created = await service.request(path, request);
        expect(created.status).toBe(201);
        expect(created.headers.has("idempotent-replayed")).toBe(false);
      }
      expect(await count(service)).toBe(2);
    });
  });
}
