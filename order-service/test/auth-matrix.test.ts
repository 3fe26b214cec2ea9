import { testAuthMatrix } from "@platform/shared/testing/auth-matrix";
import { bodyOf } from "@platform/shared/testing/running-service";
import type { Order } from "../src/orders/order.ts";
import { startOrderService, userId, wish } from "./order-service.ts";

const path = ({ id }: Order) => `/orders/${id}`;
const own = { status: 200, owner: "all", stranger: "not-found" } as const;

testAuthMatrix<Order>({
  service: "order-service",
  notFound: "order-not-found",
  serviceScopes: undefined,
  requests: [
    { operationId: "listOrders", ...own, stranger: "nothing", send: () => ({ path: "/orders" }) },
    {
      operationId: "listOrders",
      ...own,
      stranger: "forbidden",
      send: () => ({ path: `/orders?user_id=${userId}` }),
    },
    { operationId: "getOrder", ...own, send: (order) => ({ path: path(order) }) },
    {
      operationId: "placeOrder",
      status: 201,
      owner: "all",
      stranger: "forbidden",
      send: () => ({ path: "/orders", json: wish }),
    },
    {
      operationId: "patchOrder",
      ...own,
      needs: "orders:fulfil",
      send: (order) => ({ path: path(order), json: { status: "confirmed" } }),
    },
    {
      operationId: "patchOrder",
      ...own,
      needs: "orders:write",
      send: (order) => ({ path: path(order), json: { status: "cancelled" } }),
    },
  ],
  start: startOrderService,
  async create({ request }, headers) {
    return bodyOf<Order>(await request("/orders", { json: wish, headers }));
  },
  ownerOf: () => userId,
});
