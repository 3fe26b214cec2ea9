"""The pool of both services on PostgreSQL."""

import json
import os

import asyncpg
from fastapi import FastAPI, Request

# As many sessions as every peer has. asyncpg prepares each statement once on each.
SESSIONS = 10


async def configure(connection):
    await connection.set_type_codec(
        "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
    )


def add_pool(app: FastAPI):
    """Opens a pool when the app starts."""

    @app.on_event("startup")
    async def open_pool():
        app.state.pool = await asyncpg.create_pool(
            os.environ["DATABASE_URL"], min_size=SESSIONS, max_size=SESSIONS, init=configure
        )

    @app.on_event("shutdown")
    async def close_pool():
        await app.state.pool.close()


def get_pool(request: Request) -> asyncpg.Pool:
    return request.app.state.pool
