"""Orders, in FastAPI and asyncpg; users are checked with httpx."""

import os
import uuid

import asyncpg
import httpx
from common import create_app, entity_tag, now_ms, run, timestamp
from fastapi import Depends, HTTPException, Request, Response
from order_models import Item, OrderCreate, OrderResponse
from postgres_database import add_pool, get_pool

app = create_app("order-service")
add_pool(app)
users = httpx.AsyncClient(
    base_url=os.environ["USER_SERVICE_URL"],
    timeout=30,
    limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
)


@app.get("/orders/{order_id}", response_model=OrderResponse)
async def get_order(
    order_id: uuid.UUID, response: Response, pool: asyncpg.Pool = Depends(get_pool)
):
    row = await pool.fetchrow(
        """
        SELECT id, user_id, items, total_cents, status, created_at, updated_at
        FROM orders
        WHERE id = $1""",
        order_id,
    )
    if row is None:
        raise HTTPException(404, "Order not found")
    response.headers["etag"] = entity_tag(row["updated_at"])
    return OrderResponse(
        id=str(row["id"]),
        user_id=str(row["user_id"]),
        items=[
            Item(
                sku=item["sku"],
                quantity=item["quantity"],
                unit_price=item["unit_price_cents"] / 100,
            )
            for item in row["items"]
        ],
        total_amount=row["total_cents"] / 100,
        status=row["status"],
        created_at=timestamp(row["created_at"]),
        updated_at=timestamp(row["updated_at"]),
    )


@app.post("/orders", response_model=OrderResponse, status_code=201)
async def create_order(
    body: OrderCreate,
    request: Request,
    response: Response,
    pool: asyncpg.Pool = Depends(get_pool),
):
    await ensure_user(str(body.user_id), request.state.request_id)
    id, now = uuid.uuid4(), now_ms()
    items = [
        {
            "sku": item.sku,
            "quantity": item.quantity,
            "unit_price_cents": round(item.unit_price * 100),
        }
        for item in body.items
    ]
    total_cents = sum(item["quantity"] * item["unit_price_cents"] for item in items)
    await pool.execute(
        """
        INSERT INTO orders (
          id, user_id, items, item_count, total_cents, status, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6)""",
        id,
        body.user_id,
        items,
        len(items),
        total_cents,
        now,
    )
    response.headers["location"] = f"/orders/{id}"
    response.headers["etag"] = entity_tag(now)
    at = timestamp(now)
    return OrderResponse(
        id=str(id),
        user_id=str(body.user_id),
        items=body.items,
        total_amount=total_cents / 100,
        status="pending",
        created_at=at,
        updated_at=at,
    )


async def ensure_user(id: str, request_id: str):
    try:
        response = await users.get(f"/users/{id}", headers={"x-request-id": request_id})
    except httpx.HTTPError:
        raise HTTPException(503, "User service unavailable")
    if response.status_code == 404:
        raise HTTPException(400, "User does not exist")
    if response.status_code != 200:
        raise HTTPException(502, "Failed to validate user")


if __name__ == "__main__":
    run(app)
