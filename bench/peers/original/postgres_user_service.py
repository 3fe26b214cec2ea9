"""Users, in FastAPI and asyncpg."""

import base64
import json
import uuid
from typing import List, Optional

import asyncpg
from common import create_app, entity_tag, now_ms, run, timestamp
from fastapi import Depends, HTTPException, Query, Response
from postgres_database import add_pool, get_pool
from user_models import UserCreate, UserResponse, UserUpdate

app = create_app("user-service")
add_pool(app)
COLUMNS = "id, name, email, created_at, updated_at"


def to_response(row: asyncpg.Record) -> UserResponse:
    return UserResponse(
        id=str(row["id"]),
        name=row["name"],
        email=row["email"],
        created_at=timestamp(row["created_at"]),
        updated_at=timestamp(row["updated_at"]),
    )


@app.get("/users/{user_id}", response_model=UserResponse)
async def get_user(
    user_id: uuid.UUID, response: Response, pool: asyncpg.Pool = Depends(get_pool)
):
    row = await pool.fetchrow(f"SELECT {COLUMNS} FROM users WHERE id = $1", user_id)
    if row is None:
        raise HTTPException(404, "User not found")
    response.headers["etag"] = entity_tag(row["updated_at"])
    return to_response(row)


@app.get("/users", response_model=List[UserResponse])
async def list_users(
    response: Response,
    limit: int = Query(default=100, ge=1, le=1000),
    after: Optional[str] = None,
    pool: asyncpg.Pool = Depends(get_pool),
):
    if after is None:
        rows = await pool.fetch(
            f"SELECT {COLUMNS} FROM users ORDER BY name, id LIMIT $1", limit + 1
        )
    else:
        name, id = json.loads(base64.urlsafe_b64decode(after))
        rows = await pool.fetch(
            f"SELECT {COLUMNS} FROM users WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT $3",
            name,
            id,
            limit + 1,
        )
    users = [to_response(row) for row in rows[:limit]]
    if len(rows) > limit:
        last = json.dumps([users[-1].name, users[-1].id]).encode()
        cursor = base64.urlsafe_b64encode(last).decode()
        response.headers["link"] = f'</users?limit={limit}&after={cursor}>; rel="next"'
    return users


@app.post("/users", response_model=UserResponse, status_code=201)
async def create_user(
    body: UserCreate, response: Response, pool: asyncpg.Pool = Depends(get_pool)
):
    id, now = uuid.uuid4(), now_ms()
    try:
        await pool.execute(
            f"INSERT INTO users ({COLUMNS}) VALUES ($1, $2, $3, $4, $4)",
            id,
            body.name,
            body.email,
            now,
        )
    except asyncpg.UniqueViolationError:
        raise HTTPException(409, "Email already registered")
    response.headers["location"] = f"/users/{id}"
    response.headers["etag"] = entity_tag(now)
    at = timestamp(now)
    return UserResponse(id=str(id), name=body.name, email=body.email, created_at=at, updated_at=at)


@app.patch("/users/{user_id}", response_model=UserResponse)
async def update_user(
    user_id: uuid.UUID,
    body: UserUpdate,
    response: Response,
    pool: asyncpg.Pool = Depends(get_pool),
):
    try:
        # One statement, so that no transaction stays open between round trips.
        row = await pool.fetchrow(
            f"""
            UPDATE users
            SET name = COALESCE($2, name), email = COALESCE($3, email),
              updated_at = GREATEST($4, updated_at + 1)
            WHERE id = $1
            RETURNING {COLUMNS}""",
            user_id,
            body.name,
            body.email,
            now_ms(),
        )
    except asyncpg.UniqueViolationError:
        raise HTTPException(409, "Email already registered")
    if row is None:
        raise HTTPException(404, "User not found")
    response.headers["etag"] = entity_tag(row["updated_at"])
    return to_response(row)


if __name__ == "__main__":
    run(app)
