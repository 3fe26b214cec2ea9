// The HTTP interface of order-service: routes, schemas, status codes.
import { keyOwner } from "@platform/shared/auth/key-owner";
import { isHidden, personId, requireOwn, requireScope } from "@platform/shared/auth/permissions";
import {
  conditionalHeaders,
  parsePrecondition,
  unlessNotModified,
  withEntityTag,
} from "@platform/shared/http/etag";
import { yieldToShortRequests } from "@platform/shared/http/fair-scheduling";
import { nextLink, pagedList } from "@platform/shared/http/pagination";
import { problems, problemsWithBody } from "@platform/shared/http/route-problems";
import { idempotentCreation } from "@platform/shared/idempotency/idempotent-creation";
import { keyProblems } from "@platform/shared/idempotency/key-problems";
import { routeDocs } from "@platform/shared/openapi/route-docs";
import { creationRange, parseCreationRange } from "@platform/shared/schema/instant";
import { idParams, uuid } from "@platform/shared/schema/uuid";
import { serviceApp, type ServiceParts } from "@platform/shared/service/service-app";
import { Type } from "@sinclair/typebox";
import { fingerprintOf } from "./orders/order-fingerprint.ts";
import { splitStatuses, statusList, type OrderStatus } from "./orders/order-status.ts";
import { orderSorts, type OrderStore } from "./orders/order-store.ts";
import {
  asPlaced,
  draftOrder,
  newOrder,
  order,
  OrderNotFound,
  statusChange,
  type Order,
} from "./orders/order.ts";
import { placeOrder } from "./orders/place-order.ts";
import {
  orderNotFound,
  orderPreconditions,
  problemOf,
  statusConflict,
  userCheckProblems,
} from "./problems.ts";
import type { UserDirectory } from "./user-service/user-directory.ts";

/** What the app is made of. */
export interface OrderServiceParts extends ServiceParts {
  readonly orders: OrderStore;
  readonly users: UserDirectory;
}

/** The app's type, for typed clients. @public */
export type App = ReturnType<typeof createApp>;

const pages = pagedList({
  name: "orders",
  sorts: orderSorts,
  position: Type.Object({ id: uuid }),
});

/** The query of `GET /orders`. */
export const orderList = pages.query({
  user_id: Type.Optional({ ...uuid, description: "Only the orders of this user" }),
  status: Type.Optional(statusList),
  ...creationRange,
});

/** Scopes: to place and cancel orders, and to move them on. */
const writeScope = "orders:write";
const fulfilScope = "orders:fulfil";

/** The scope that a caller needs to move an order to a status. */
const scopeFor = (status: OrderStatus) => (status === "cancelled" ? writeScope : fulfilScope);

/**
 * What an order may take beyond the check of its user, in ms. The check has a time-out of its own, whose
 * 503 names user-service as the cause.
 */
const marginMs = 250;

/** How long placing an order may take, in ms; undefined: each step has a bound, and needs no other. */
function maxPlacingMs({ maxCreationMs }: OrderStore, { maxCheckMs }: UserDirectory) {
  return maxCreationMs && Math.max(maxCreationMs, maxCheckMs + marginMs);
}

/** Makes the app. It opens no socket and reads no environment: two apps fit in one process. */
export const createApp = ({ orders, users, ...parts }: OrderServiceParts) => {
  const createOnce = idempotentCreation({
    keys: orders,
    owner: keyOwner(parts.storage),
    fingerprint: fingerprintOf,
    original: asPlaced,
    maxMs: maxPlacingMs(orders, users),
    // No route deletes an order, but an operator can.
    deleted: orderNotFound,
  });

  /** The order with an id. @throws OrderNotFound if there is none, or the caller must not see it */
  async function findVisible(id: string): Promise<Order> {
    const found = await orders.find(id);
    if (found === undefined || isHidden(found.user_id)) throw new OrderNotFound();
    return found;
  }

  return serviceApp(parts, {
    title: "order-service",
    description: "Orders of users.",
    tags: { orders: "An order has a user, up to 100 items, and a status that moves on." },
    problemOf,
  })
    .post(
      "/orders",
      async ({ body, request, set, status }) => {
        const draft = draftOrder(body);
        requireOwn(draft.userId);
        const placed = await createOnce(request, set, draft, (claim) =>
          placeOrder({ orders, users }, draft, claim),
        );
        set.headers.location = `${parts.publicUrl}/orders/${placed.id}`;
        return status(201, placed);
      },
      {
        body: newOrder,
        response: {
          201: order,
          ...problemsWithBody(...keyProblems, orderNotFound, ...Object.values(userCheckProblems)),
        },
        detail: routeDocs({
          operationId: "placeOrder",
          summary: "Place an order",
          description:
            "With an Idempotency-Key it can be repeated without harm: one key makes one order.",
          tag: "orders",
          scope: writeScope,
          namesUser: true,
          idempotencyKey: true,
        }),
      },
    )
    .get(
      "/orders",
      async ({ query, set }) => {
        if (query.user_id !== undefined) requireOwn(query.user_id);
        await yieldToShortRequests();
        const { items, nextAfter } = await orders.list({
          userId: query.user_id ?? personId(),
          statuses: query.status === undefined ? undefined : splitStatuses(query.status),
          ...parseCreationRange(query),
          ...pages.parse(query, parts.storage),
        });
        if (nextAfter) {
          const cursor = pages.cursor(nextAfter, query, parts.storage);
          set.headers.link = nextLink(`${parts.publicUrl}/orders`, query, cursor);
        }
        return items;
      },
      {
        query: orderList,
        response: { 200: Type.Array(order), ...problems() },
        detail: routeDocs({
          operationId: "listOrders",
          summary: "List orders",
          description:
            "Oldest first, unless `sort` says otherwise. A page ends early where its orders have " +
            "about ten thousand items: only the Link tells whether there are more.",
          tag: "orders",
          scope: "orders:read",
          namesUser: true,
        }),
      },
    )
    .get(
      "/orders/:id",
      async ({ params, request, set }) => {
        const found = await findVisible(params.id.toLowerCase());
        return unlessNotModified(request, set, found);
      },
      {
        params: idParams,
        response: { 200: order, 304: Type.Void(), ...problems(orderNotFound) },
        detail: routeDocs({
          operationId: "getOrder",
          summary: "Get an order",
          description: "With `If-None-Match`, only if the order has changed.",
          tag: "orders",
          scope: "orders:read",
          conditional: true,
        }),
      },
    )
    .patch(
      "/orders/:id",
      async ({ params, body, headers, set }) => {
        requireScope(scopeFor(body.status));
        const id = params.id.toLowerCase();
        // The user of an order never changes: nothing can happen between the two.
        if (personId() !== undefined) await findVisible(id);
        const precondition = parsePrecondition(headers);
        return withEntityTag(set, await orders.setStatus(id, body.status, precondition));
      },
      {
        params: idParams,
        headers: conditionalHeaders,
        body: statusChange,
        response: {
          200: order,
          ...problemsWithBody(
            orderNotFound,
            ...Object.values(orderPreconditions),
            statusConflict("Order cannot go from delivered to cancelled"),
          ),
        },
        detail: routeDocs({
          operationId: "patchOrder",
          summary: "Move an order on",
          description:
            "pending → confirmed → shipped → delivered; pending or confirmed → cancelled. " +
            "To the status that it has already: nothing changes.",
          tag: "orders",
          scope: [writeScope, fulfilScope],
          conditional: true,
        }),
      },
    );
};
