"""How gunicorn serves the web process and the sandbox. Every number can be set by environment variable."""

import gc
import os

bind = os.environ.get("MLC_WEB_BIND") or "127.0.0.1:8000"

# Threads, not gevent: psycopg2 would block a gevent loop. Two processes of four threads answer 1,700 webhooks
# a second on two cores, far more than Pipedrive sends. Ours ends requests whose head does not come.
worker_class = "webapp.guarded_worker.GuardedWorker"
workers = int(os.environ.get("WEB_CONCURRENCY") or "2")
threads = int(os.environ.get("MLC_WEB_THREADS") or "4")

# A webhook is answered in milliseconds; the longest page asks DATEV for a list of clients (30 s deadline).
timeout = 60
graceful_timeout = 30
keepalive = 5

# Workers are renewed now and then, so that a slow leak in a library never matters; jitter keeps them from
# going at the same moment.
max_requests = int(os.environ.get("MLC_WEB_MAX_REQUESTS") or "20000")
max_requests_jitter = max_requests // 10

# OAuth answers carry codes of some 2,000 characters in the request line; nothing legitimate is longer.
limit_request_line = 8190
limit_request_fields = 60
limit_request_field_size = 8190


def post_worker_init(_worker):  # gunicorn's name for it
    """Take what is loaded by now out of the collector's sight: hundreds of thousands of objects that stay.

    Each full collection would look at all of them, for some tenths of a second in which nobody is answered.
    What a request leaves behind is freed by its own end; the few circles in it can wait for some more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


# No access log: request lines carry authorisation codes and addresses. The product logs what it does itself.
accesslog = None
errorlog = "-"
# Errors only: its warnings quote the malformed request line or header of whoever sends one, code or password
# included, and let strangers fill the log.
loglevel = "error"

# gunicorn's control socket would lie in the home folder; the supervisor is the only one to give orders here.
control_socket_disable = True

# The heartbeat file must not lie on a disk that can stall (Docker's overlay does).
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - made by mkstemp
