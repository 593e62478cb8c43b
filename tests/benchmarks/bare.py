"""The least that a receiver can do, to compare ours with: HMAC, one INSERT, one ``delay``."""

import hashlib
import hmac
import os
import threading

import psycopg2
from celery import Celery
from flask import Flask, Response, request

HEADER = "X-Pipedrive-Signature"
TABLE = "CREATE TABLE IF NOT EXISTS bare (id bigserial PRIMARY KEY, body text NOT NULL)"


def create_app() -> Flask:
    """One route, no log, no checks but the signature."""
    key = os.environ["BARE_KEY"].encode()
    celery = Celery("bare", broker=os.environ["REDIS_URL"])
    celery.conf.update(task_ignore_result=True, task_default_queue="bare")
    carry = celery.task(_carry, name="bare.carry")
    local = threading.local()
    app = Flask(__name__)

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.post("/webhook")
    def receive() -> Response:
        body = request.get_data()
        given = request.headers.get(HEADER, "").removeprefix("sha256=")
        if not hmac.compare_digest(given, hmac.new(key, body, hashlib.sha256).hexdigest()):
            return Response(status=401)
        if not hasattr(local, "connection"):
            local.connection = psycopg2.connect(os.environ["DATABASE_URL"])
        with local.connection, local.connection.cursor() as cursor:
            cursor.execute("INSERT INTO bare (body) VALUES (%s) RETURNING id", (body.decode(),))
            (row_id,) = cursor.fetchone()
        carry.delay(row_id)
        return Response(status=202)

    return app


def _carry(row_id: int) -> int:
    return row_id
