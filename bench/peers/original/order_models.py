"""What is received and sent of orders."""

import uuid
from typing import List

from pydantic import BaseModel, Field


class Item(BaseModel):
    sku: str = Field(min_length=1, max_length=50)
    quantity: int = Field(ge=1, le=1000)
    unit_price: float = Field(gt=0, le=1_000_000)


class OrderCreate(BaseModel):
    user_id: uuid.UUID
    items: List[Item] = Field(min_items=1, max_items=100)


class OrderResponse(BaseModel):
    id: str
    user_id: str
    items: List[Item]
    total_amount: float
    status: str
    created_at: str
    updated_at: str
