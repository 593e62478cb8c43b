"""The Celery application. Celery executes; PostgreSQL remembers.

Every option carries the reason that justifies it; the measurements behind them are that with
Redis no setting gives "never lost", which is why correctness lives in the claims.
"""

from celery import Celery
from kombu.entity import Exchange, Queue

from connector import settings as environment
from connector.timers import timers
from tasks.broker import FIRST_ROW, SECOND_ROW
from tasks.links import StoppableTask
from tasks.queues import DATEV, INTAKE, OPS, QUEUES

_settings = environment.load()
_timers = timers(_settings.time_scale)

time_scale = _settings.time_scale
chains_per_tenant = _settings.chains_per_tenant
wake_timers = _timers

app = Celery("ml-connector", broker=_settings.redis_url or "redis://127.0.0.1:6379/0", task_cls=StoppableTask)

app.conf.update(
    # PostgreSQL has the state; a result nobody reads is a leak.
    task_ignore_result=True,
    result_backend=None,
    # A worker that dies gives its message back; claims make the second run harmless.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # The row schedules the next try, not the broker.
    task_acks_on_failure_or_timeout=True,
    # A chain stays in the row that its first message stood in.
    task_inherit_parent_priority=True,
    # Fairness: a worker takes one message at a time; waiting messages are bounded.
    worker_prefetch_multiplier=1,
    worker_eta_task_limit=500,
    # The soft limit lets a step tidy up, the hard one frees the process; both lie within the lease.
    task_soft_time_limit=_timers.soft_limit.total_seconds(),
    task_time_limit=_timers.hard_limit.total_seconds(),
    broker_transport_options={
        # Longer than the longest countdown, or waiting messages are delivered twice.
        "visibility_timeout": _timers.visibility_timeout.total_seconds(),
        # A broker that refuses or never answers must not hang whoever publishes.
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        # Half-open connections: the classic "worker alive but consumes nothing".
        "health_check_interval": 25,
        # The two rows of each queue: see tasks/broker.py.
        "priority_steps": [FIRST_ROW, SECOND_ROW],
        # No retry_on_timeout: redis-py would repeat the read of a broken subscription on its fresh
        # connection, without a timeout, and a worker whose broker came back at once would wait for ever.
        # The server may be shared.
        "global_keyprefix": "mlc:",
    },
    broker_connection_retry_on_startup=True,
    # A broker that comes back finds its workers, however long it was away.
    broker_connection_max_retries=None,
    # Also one that answers with an error (full memory, full disk): a worker that ends over it helps nobody.
    broker_channel_error_retry=True,
    # Publishing is a wake-up call only: two short tries, then the sweep does it.
    task_publish_retry_policy={
        "max_retries": 2,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.2,
    },
    # The same task would run twice in parallel after a reconnect.
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_soft_shutdown_timeout=_timers.soft_limit.total_seconds() / 4,
    worker_enable_soft_shutdown_on_idle=True,
    # A typo becomes an error, not a silent queue.
    task_create_missing_queues=False,
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
    task_default_queue=OPS,
    task_default_exchange=OPS,
    task_default_routing_key=OPS,
    task_serializer="json",
    accept_content=["json"],
    # Our own structured logs.
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    # Flower.
    worker_send_task_events=True,
    # Flower shows a link from the moment a worker has it; to tell of the sending too would be another trip to
    # Redis for every message, and the receiver's and every link's time.
    task_send_sent_event=False,
    # Leaks in long-lived processes.
    worker_max_tasks_per_child=1000,
    enable_utc=True,
    timezone="UTC",
    beat_schedule={
        "sweep": {
            "task": "sweep",
            "schedule": _timers.sweep.total_seconds(),
            # A sweep that nobody fetched before the next one is due is one too many.
            "options": {"expires": _timers.sweep.total_seconds()},
        },
        "evidence.seal": {
            "task": "evidence.seal",
            "schedule": _timers.sweep.total_seconds(),
            "options": {"expires": _timers.sweep.total_seconds()},
        },
        "evidence.keep_house": {
            "task": "evidence.keep_house",
            "schedule": _timers.housekeeping.total_seconds(),
            "options": {"expires": _timers.housekeeping.total_seconds()},
        },
        # Hourly, so that a beat that was away for a day tells at most an hour late.
        "logins.expiry": {
            "task": "logins.expiry",
            "schedule": _timers.housekeeping.total_seconds(),
            "options": {"expires": _timers.housekeeping.total_seconds()},
        },
        # Whether reconciliation or a look at the hooks is due stands in PostgreSQL: beat forgets it.
        "watches": {
            "task": "watches",
            "schedule": _timers.watch_tick.total_seconds(),
            "options": {"expires": _timers.watch_tick.total_seconds()},
        },
    },
    # Beat wakes up this often at least; its default of five minutes ignores short sweeps.
    beat_max_loop_interval=_timers.sweep.total_seconds(),
    imports=[
        *("tasks.process", "tasks.run", "tasks.batch", "tasks.sweep"),
        *("tasks.evidence", "tasks.watches", "tasks.logins"),
    ],
    task_routes={
        "run.resolve": {"queue": INTAKE},
        "run.build_debtor": {"queue": INTAKE},
        "run.render": {"queue": INTAKE},
        "run.upload_document": {"queue": DATEV},
        "run.join_batch": {"queue": INTAKE},
        "run.write_back": {"queue": OPS},
        "batch.*": {"queue": DATEV},
        "sweep": {"queue": OPS},
        "evidence.*": {"queue": OPS},
        "logins.*": {"queue": OPS},
        "watches": {"queue": OPS},
        # Reading whole lists of deals takes its time; a sweep and a deal's write-back go first.
        "watch.*": {"queue": OPS, "priority": SECOND_ROW},
    },
)
