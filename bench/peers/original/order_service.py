"""Orders, in FastAPI and SQLAlchemy; users are checked with httpx."""

import os
import uuid

import httpx
from common import create_app, entity_tag, now_ms, run, timestamp
from fastapi import Depends, HTTPException, Request, Response
from order_models import Item, OrderCreate, OrderResponse
from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import Session, relationship
from sqlite_database import Base, get_db


class Order(Base):
    __tablename__ = "orders"
    id = Column(String, primary_key=True)
    user_id = Column(String, nullable=False)
    total_cents = Column(Integer, nullable=False)
    status = Column(String, nullable=False)
    created_at = Column(Integer, nullable=False)
    updated_at = Column(Integer, nullable=False)
    items = relationship("OrderItem", order_by="OrderItem.position")


class OrderItem(Base):
    __tablename__ = "order_items"
    order_id = Column(String, ForeignKey("orders.id"), primary_key=True)
    position = Column(Integer, primary_key=True)
    sku = Column(String, nullable=False)
    quantity = Column(Integer, nullable=False)
    unit_price_cents = Column(Integer, nullable=False)


app = create_app("order-service")
users = httpx.Client(
    base_url=os.environ["USER_SERVICE_URL"],
    timeout=30,
    limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
)


def to_response(order: Order) -> OrderResponse:
    return OrderResponse(
        id=order.id,
        user_id=order.user_id,
        items=[
            Item(sku=item.sku, quantity=item.quantity, unit_price=item.unit_price_cents / 100)
            for item in order.items
        ],
        total_amount=order.total_cents / 100,
        status=order.status,
        created_at=timestamp(order.created_at),
        updated_at=timestamp(order.updated_at),
    )


@app.get("/orders/{order_id}", response_model=OrderResponse)
def get_order(order_id: uuid.UUID, response: Response, db: Session = Depends(get_db)):
    order = db.query(Order).filter(Order.id == str(order_id)).first()
    if order is None:
        raise HTTPException(404, "Order not found")
    response.headers["etag"] = entity_tag(order.updated_at)
    return to_response(order)


@app.post("/orders", response_model=OrderResponse, status_code=201)
def create_order(
    body: OrderCreate, request: Request, response: Response, db: Session = Depends(get_db)
):
    ensure_user(str(body.user_id), request.state.request_id)
    now = now_ms()
    items = [
        OrderItem(
            position=position,
            sku=item.sku,
            quantity=item.quantity,
            unit_price_cents=round(item.unit_price * 100),
        )
        for position, item in enumerate(body.items)
    ]
    order = Order(
        id=str(uuid.uuid4()),
        user_id=str(body.user_id),
        total_cents=sum(item.quantity * item.unit_price_cents for item in items),
        status="pending",
        created_at=now,
        updated_at=now,
        items=items,
    )
    created = to_response(order)
    db.add(order)
    db.commit()
    response.headers["location"] = f"/orders/{created.id}"
    response.headers["etag"] = entity_tag(now)
    return created


def ensure_user(id: str, request_id: str):
    try:
        response = users.get(f"/users/{id}", headers={"x-request-id": request_id})
    except httpx.HTTPError:
        raise HTTPException(503, "User service unavailable")
    if response.status_code == 404:
        raise HTTPException(400, "User does not exist")
    if response.status_code != 200:
        raise HTTPException(502, "Failed to validate user")


if __name__ == "__main__":
    run(app)
