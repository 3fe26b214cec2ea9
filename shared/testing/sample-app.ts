// A service that is neither users nor orders, for what every service does.
import { Type } from "@sinclair/typebox";
import { routeDocs } from "../src/openapi/route-docs.ts";
import { requestObject } from "../src/schema/request-object.ts";
import { problems } from "../src/http/problem.ts";
import { serviceApp, type ServiceParts } from "../src/service/service-app.ts";
import { text } from "../src/schema/text.ts";
import { uuid } from "../src/schema/uuid.ts";
import { startService, type RunningService } from "./running-service.ts";

const note = Type.Object({ text: text({ minLength: 1, maxLength: 10 }, { examples: ["hello"] }) });

/** What a test can make the sample do. */
export interface SampleBehaviour {
  /** What `GET /notes/{id}` waits for, and may throw. */
  readonly find?: () => Promise<void>;
  /** What it answers with. */
  readonly text?: string;
}

/** An app with `POST /notes` and `GET /notes/{id}`. */
const createSampleApp = (
  parts: ServiceParts,
  { find, text: found = "found" }: SampleBehaviour = {},
) =>
  serviceApp(parts, { title: "sample", description: "A sample.", problemOf: () => undefined })
    .post("/notes", ({ body }) => ({ text: body.text }), {
      body: requestObject(note.properties),
      response: { 200: note, ...problems(422) },
      detail: routeDocs({ operationId: "echoNote", summary: "Send a note back", tag: "notes" }),
    })
    .get(
      "/notes/:id",
      async () => {
        await find?.();
        return { text: found };
      },
      {
        params: requestObject({ id: uuid }),
        response: { 200: note, ...problems(422) },
        detail: routeDocs({ operationId: "getNote", summary: "Get a note", tag: "notes" }),
      },
    );

/** Starts the sample on a free port. */
export function startSample({
  limits = {},
  ...behaviour
}: SampleBehaviour & { limits?: Partial<ServiceParts["limits"]> } = {}): Promise<RunningService> {
  return startService({
    name: "sample",
    migrations: [],
    limits,
    build: (parts) => createSampleApp(parts, behaviour),
  });
}
