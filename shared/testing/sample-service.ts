// A service for the tests of what every service has: `/notes` does what a test tells it to,
// `/tasks` is a resource with everything that the API document can describe.
import { Type } from "@sinclair/typebox";
import type { Lifecycle } from "../src/core/lifecycle.ts";
import { PreconditionFailed } from "../src/core/precondition.ts";
import {
  conditionalHeaders,
  parsePrecondition,
  preconditionProblems,
  unlessNotModified,
  withEntityTag,
} from "../src/http/etag.ts";
import { pagedList } from "../src/http/pagination.ts";
import { keyInProgress, keyMalformed, keyReused } from "../src/idempotency/key-problems.ts";
import { HttpProblem } from "../src/http/problem.ts";
import { problems, problemsWithBody } from "../src/http/route-problems.ts";
import { routeDocs } from "../src/openapi/route-docs.ts";
import { requestObject } from "../src/schema/request-object.ts";
import { text } from "../src/schema/text.ts";
import { timestamp } from "../src/schema/timestamp.ts";
import { uuid } from "../src/schema/uuid.ts";
import { createParts, serviceApp, type ServiceParts } from "../src/service/service-app.ts";
import type { SqliteStorage } from "../src/sqlite/sqlite-storage.ts";
import { startService, type RunningService } from "./running-service.ts";
import { temporaryStorage } from "./temporary-storage.ts";

/** The Info Object of the service. */
export const sampleInfo = {
  title: "sample",
  version: "1.2.3",
  description: "Samples.",
  tags: { notes: "Short texts", tasks: "What is to be done" },
};

interface SampleOptions {
  /** The variables of authentication. Default: none. */
  readonly auth?: Readonly<Record<string, string>>;
  readonly corsOrigins?: readonly string[];
  readonly limits?: Partial<ServiceParts["limits"]>;
  /** Default: those of this process. */
  readonly descriptors?: ServiceParts["descriptors"];
  readonly tracer?: ServiceParts["tracer"];
  /** The text of the note of `GET /notes/{id}`, by default "found"; its rejection becomes the response. */
  readonly find?: () => Promise<string>;
}

const oneOf = requestObject({ id: { ...uuid, description: "Its identifier" } });
const note = Type.Object({ text: text({ minLength: 1, maxLength: 10 }, { examples: ["hello"] }) });

const title = text({ minLength: 1, maxLength: 40 }, { examples: ["Milk & bread"] });
const state = Type.Union([Type.Literal("open"), Type.Literal("done")]);
const task = Type.Object(
  { id: uuid, title, state, updated_at: timestamp },
  { title: "Task", description: "A task", additionalProperties: false },
);
type Task = typeof task.static;
const taskPages = pagedList({
  name: "tasks",
  sorts: ["created_at"],
  position: Type.String({ maxLength: 100 }),
});

const taskNotFound = new HttpProblem(404, "task-not-found", "Task not found");
const preconditions = preconditionProblems("Task has changed");

/** The documentation of a route of one task. */
const taskDocs = (operationId: string, summary: string, scope: string) =>
  routeDocs({
    operationId,
    summary,
    tag: "tasks",
    scope,
    conditional: true,
  });

function createSampleApp(parts: ServiceParts, find = () => Promise.resolve("found")) {
  const tasks = new Map<string, Task>();
  let time = Date.parse("2026-01-31T12:00:00.000Z");
  const now = () => new Date((time += 1)).toISOString();
  const findTask = (id: string) => {
    const found = tasks.get(id);
    if (found === undefined) throw taskNotFound;
    return found;
  };

  return serviceApp(parts, {
    title: sampleInfo.title,
    description: sampleInfo.description,
    tags: sampleInfo.tags,
    problemOf: (error) =>
      error instanceof PreconditionFailed ? preconditions[error.reason] : undefined,
  })
    .post("/notes", ({ body }) => ({ text: body.text }), {
      body: requestObject(note.properties),
      response: { 200: note, ...problemsWithBody() },
      detail: routeDocs({
        operationId: "echoNote",
        summary: "Send a note back",
        tag: "notes",
        scope: "notes:write",
      }),
    })
    .get("/notes/:id", async () => ({ text: await find() }), {
      params: oneOf,
      response: { 200: note, ...problems() },
      detail: routeDocs({
        operationId: "getNote",
        summary: "Get a note",
        tag: "notes",
        scope: "notes:read",
      }),
    })
    .post(
      "/tasks",
      ({ body, request, set, status }) => {
        if (request.headers.get("idempotency-key") === "busy") {
          throw keyInProgress;
        }
        const id = Bun.randomUUIDv7();
        const created: Task = { id, title: body.title, state: "open", updated_at: now() };
        tasks.set(created.id, created);
        set.headers.location = `/tasks/${created.id}`;
        return status(201, withEntityTag(set, created));
      },
      {
        body: requestObject({ title }),
        response: { 201: task, ...problemsWithBody(keyMalformed, keyInProgress, keyReused) },
        detail: routeDocs({
          operationId: "createTask",
          summary: "Create a task",
          tag: "tasks",
          scope: "tasks:write",
          idempotencyKey: true,
        }),
      },
    )
    .get(
      "/tasks",
      ({ query }) => {
        const { limit } = taskPages.parse(query, parts.storage);
        return [...tasks.values()].slice(0, limit);
      },
      {
        query: taskPages.query({
          state: Type.Optional({ ...state, description: "Only those in this state" }),
        }),
        response: { 200: Type.Array(task), ...problems() },
        detail: routeDocs({
          operationId: "listTasks",
          summary: "List tasks",
          description: "In the order of their creation.",
          tag: "tasks",
          scope: "tasks:read",
        }),
      },
    )
    .get(
      "/tasks/:id",
      ({ params, request, set }) => unlessNotModified(request, set, findTask(params.id)),
      {
        params: oneOf,
        response: { 200: task, 304: Type.Void(), ...problems(taskNotFound) },
        detail: taskDocs("getTask", "Get a task", "tasks:read"),
      },
    )
    .patch(
      "/tasks/:id",
      ({ params, body, headers, set }) => {
        const found = findTask(params.id);
        const unmet = parsePrecondition(headers)(found);
        if (unmet !== undefined) throw unmet;
        const { title = found.title, state = found.state } = body;
        const changed = { ...found, title, state, updated_at: now() };
        tasks.set(changed.id, changed);
        return withEntityTag(set, changed);
      },
      {
        params: oneOf,
        headers: conditionalHeaders,
        body: requestObject({ title: Type.Optional(title), state: Type.Optional(state) }),
        response: { 200: task, ...problemsWithBody(taskNotFound, ...Object.values(preconditions)) },
        detail: taskDocs("changeTask", "Change a task", "tasks:write"),
      },
    )
    .delete(
      "/tasks/:id",
      ({ params, set }) => {
        tasks.delete(findTask(params.id).id);
        set.status = 204;
      },
      {
        params: oneOf,
        headers: conditionalHeaders,
        response: { 204: Type.Void(), ...problems(taskNotFound, ...Object.values(preconditions)) },
        detail: taskDocs("deleteTask", "Delete a task", "tasks:write"),
      },
    );
}

const sampleStorage: ServiceParts["storage"] = {
  ping: () => Promise.resolve(),
  secret: () => new Uint8Array(32),
};

/** Makes the app without a socket, a database and a log. Its bodies may have 1,000 bytes. */
export function sampleApp({
  phase = "ready",
  secret = sampleStorage.secret,
  maxInFlight = 10,
}: Partial<
  Lifecycle & Pick<ServiceParts["storage"], "secret"> & Pick<ServiceParts["limits"], "maxInFlight">
> = {}) {
  const { parts } = createParts({
    name: sampleInfo.title,
    config: { logLevel: "silent", maxBodyBytes: 1000, maxInFlight },
    build: { version: sampleInfo.version, commit: "" },
  });
  parts.lifecycle.phase = phase;
  return createSampleApp({ ...parts, storage: { ...sampleStorage, secret } });
}

/** Starts the service on a free port. */
export function startSample({ find, descriptors, ...options }: SampleOptions = {}): Promise<
  RunningService<SqliteStorage>
> {
  return startService({
    name: sampleInfo.title,
    database: temporaryStorage([]),
    ...options,
    build: (parts) => createSampleApp({ ...parts, ...(descriptors && { descriptors }) }, find),
  });
}
