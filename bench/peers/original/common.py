"""What all FastAPI services share: the app with its log, metrics and request ids."""

import json
import logging
import os
import sys
import time
import uuid
from datetime import datetime, timezone

import uvicorn
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

class JsonFormatter(logging.Formatter):
    def format(self, record):
        line = {
            "time": timestamp(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "msg": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return json.dumps(line)


requests_total = Counter("http_requests_total", "Responses sent", ["method", "endpoint", "status"])
request_duration = Histogram(
    "http_request_duration_seconds", "Time to the response", ["method", "endpoint"]
)
quiet = {"/health", "/metrics"}


def create_app(service: str) -> FastAPI:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger(service)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    app = FastAPI(title=service)

    @app.middleware("http")
    async def observe(request: Request, call_next):
        started_at = time.perf_counter()
        request.state.request_id = request.headers.get("x-request-id") or str(uuid.uuid4())
        response = await call_next(request)
        response.headers["x-request-id"] = request.state.request_id
        path = request.url.path
        if path in quiet:
            return response
        seconds = time.perf_counter() - started_at
        route = request.scope.get("route")
        endpoint = route.path if route else "unmatched"
        requests_total.labels(request.method, endpoint, response.status_code).inc()
        request_duration.labels(request.method, endpoint).observe(seconds)
        fields = {
            "service": service,
            "request_id": request.state.request_id,
            "method": request.method,
            "route": endpoint,
            "path": path,
            "status": response.status_code,
            "duration_ms": round(seconds * 1000, 3),
        }
        logger.info("request", extra={"fields": fields})
        return response

    @app.get("/health")
    def health():
        return {"status": "ok"}

    @app.get("/metrics")
    def metrics():
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


def run(app: FastAPI):
    uvicorn.run(
        app,
        host=os.environ["HOST"],
        port=int(os.environ["PORT"]),
        log_config=None,
        access_log=False,
        timeout_keep_alive=75,
    )


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def timestamp(ms: int) -> str:
    """A time as the wire has it."""
    text = datetime.fromtimestamp(ms / 1000, timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def entity_tag(ms: int) -> str:
    """The entity tag of what was last changed at this time."""
    digits = ""
    while ms:
        ms, digit = divmod(ms, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return f'"{digits}"'
