// A small service for the tests of the API document: notes, kept in memory, on the real HTTP kit.
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import pino from "pino";
import { apiReference } from "../src/openapi/api-reference.ts";
import {
  entityTag,
  matchesIfNoneMatch,
  conditionalHeaders,
  parsePrecondition,
} from "../src/http/etag.ts";
import { httpPlugin } from "../src/http/http-plugin.ts";
import { createMetrics } from "../src/telemetry/metrics.ts";
import { routeDocs, managementTag } from "../src/openapi/route-docs.ts";
import { cursorCodec } from "../src/http/pagination.ts";
import { PreconditionFailed } from "../src/core/precondition.ts";
import { HttpProblem, problems } from "../src/http/problem.ts";
import { text } from "../src/schema/text.ts";
import { timestamp } from "../src/schema/timestamp.ts";
import { uuid } from "../src/schema/uuid.ts";

/** How the service presents itself. */
export const noteInfo = { title: "note-service", version: "1.2.3", description: "Notes." };

const open = { additionalProperties: true };
const title = text({ minLength: 1, maxLength: 40 }, { examples: ["Milk & bread"] });
const state = Type.Union([Type.Literal("open"), Type.Literal("done")]);
const note = Type.Object(
  { id: uuid, title, state, updated_at: timestamp },
  { title: "Note", description: "A note", additionalProperties: false },
);
type Note = typeof note.static;
const newNote = Type.Object({ title }, open);
const noteChange = Type.Object({ title: Type.Optional(title), state: Type.Optional(state) }, open);
const oneNote = Type.Object({ id: uuid }, open);
const isCursorKey = (key: unknown): key is string => typeof key === "string";
const noteList = Type.Object(
  {
    after: Type.Optional(cursorCodec("notes", isCursorKey).schema),
    state: Type.Optional(state),
  },
  open,
);

interface NoteOptions {
  /** What `/ready` says. */
  isReady?: boolean;
  title?: string;
}

/** Makes the service. */
export function noteService({ isReady = true, title: name = noteInfo.title }: NoteOptions = {}) {
  const notes = new Map<string, Note>();
  let time = Date.parse("2026-01-31T12:00:00.000Z");
  const now = () => new Date((time += 1)).toISOString();
  const find = (id: string) => {
    const found = notes.get(id);
    if (found === undefined) throw new HttpProblem(404, "Note not found");
    return found;
  };

  const app = new Elysia({
    normalize: false,
    strictPath: true,
    systemRouter: false,
    handler: { standardHostname: false },
  });
  return app
    .use(
      httpPlugin({
        lifecycle: { phase: "ready" },
        limits: { maxBodyBytes: 1000, maxInFlight: 10 },
        logger: pino({ level: "silent" }),
        metrics: createMetrics({ service: "note-service", version: "1.2.3", commit: "" }).http,
        problemOf: (error) =>
          error instanceof PreconditionFailed
            ? new HttpProblem(412, "The resource has changed")
            : undefined,
        routes: () => app.routes,
      }),
    )
    .use(apiReference({ ...noteInfo, title: name, app: () => app }))
    .get(
      "/ready",
      ({ status }) =>
        isReady
          ? { status: "ready" as const }
          : status(503, { status: "draining", reason: "The service is shutting down" }),
      {
        response: {
          200: Type.Object({ status: Type.Literal("ready") }),
          503: Type.Object(
            {
              status: Type.String({ examples: ["draining"] }),
              reason: Type.String({ examples: ["The service is shutting down"] }),
            },
            { description: "Not ready" },
          ),
        },
        detail: routeDocs({
          operationId: "getReadiness",
          summary: "Whether requests can be served",
          tag: managementTag,
        }),
      },
    )
    .get(
      "/metrics",
      ({ set }) => {
        set.headers["content-type"] = "text/plain; version=0.0.4; charset=utf-8";
        return "notes_total 0\n";
      },
      {
        response: { 200: Type.String({ examples: ["notes_total 0\n"] }) },
        detail: routeDocs({
          operationId: "getMetrics",
          summary: "Metrics",
          tag: managementTag,
          produces: "text/plain; version=0.0.4",
        }),
      },
    )
    .post(
      "/notes",
      ({ body, request, set, status }) => {
        if (request.headers.get("idempotency-key") === "busy") {
          throw new HttpProblem(409, "The first request with this key is still at work", {
            headers: { "retry-after": "1" },
          });
        }
        const created: Note = {
          id: Bun.randomUUIDv7(),
          title: body.title,
          state: "open",
          updated_at: now(),
        };
        notes.set(created.id, created);
        set.headers.location = `/notes/${created.id}`;
        set.headers.etag = entityTag(created);
        return status(201, created);
      },
      {
        body: newNote,
        response: { 201: note, ...problems(409, 422) },
        detail: routeDocs({
          operationId: "createNote",
          summary: "Create a note",
          tag: "notes",
          idempotencyKey: true,
          problems: {
            409: "The first request with this key is still at work",
            422: "This key was used with another body",
          },
        }),
      },
    )
    .get("/notes", () => [...notes.values()], {
      query: noteList,
      response: { 200: Type.Array(note), ...problems(422) },
      detail: routeDocs({
        operationId: "listNotes",
        summary: "List notes",
        description: "In the order in which they were written.",
        tag: "notes",
      }),
    })
    .get(
      "/notes/:id",
      ({ params, request, set }) => {
        const found = find(params.id);
        const etag = entityTag(found);
        if (matchesIfNoneMatch(request.headers.get("if-none-match"), etag)) {
          return new Response(null, { status: 304, headers: { etag } });
        }
        set.headers.etag = etag;
        return found;
      },
      {
        params: oneNote,
        response: { 200: note, ...problems(404, 422) },
        detail: routeDocs({
          operationId: "getNote",
          summary: "Get a note",
          tag: "notes",
          conditional: true,
          problems: { 404: "Note not found" },
        }),
      },
    )
    .patch(
      "/notes/:id",
      ({ params, body, headers, set }) => {
        const found = find(params.id);
        if (!parsePrecondition(headers)(found)) throw new PreconditionFailed();
        const changed = {
          ...found,
          title: body.title ?? found.title,
          state: body.state ?? found.state,
          updated_at: now(),
        };
        notes.set(changed.id, changed);
        set.headers.etag = entityTag(changed);
        return changed;
      },
      {
        params: oneNote,
        headers: conditionalHeaders,
        body: noteChange,
        response: { 200: note, ...problems(404, 412, 422) },
        detail: routeDocs({
          operationId: "changeNote",
          summary: "Change a note",
          tag: "notes",
          conditional: true,
          problems: { 404: "Note not found" },
        }),
      },
    )
    .delete(
      "/notes/:id",
      ({ params, set }) => {
        notes.delete(find(params.id).id);
        set.status = 204;
      },
      {
        params: oneNote,
        headers: conditionalHeaders,
        response: { 204: Type.Void(), ...problems(404, 422) },
        detail: routeDocs({
          operationId: "deleteNote",
          summary: "Delete a note",
          tag: "notes",
          conditional: true,
          problems: { 404: "Note not found" },
        }),
      },
    );
}
