"""The web process: receiver, login pages, health."""

from flask import Flask

from connector import log
from connector.pipeline.services import Services, open_services
from connector.settings import load
from connector.store import measures
from tasks.wake import wake_received
from webapp.desk import desk
from webapp.error_pages import register_error_pages
from webapp.health import health
from webapp.landing import landing
from webapp.logins import logins
from webapp.receiver import MAX_BODY_BYTES, Wake, receiver
from webapp.security import protect
from webapp.slow_bodies import BodyDeadline

POOL_SIZE = 8
"""Database connections of one process: one for each thread that gunicorn gives it."""


def create_app(services: Services | None = None, *, wake: Wake = wake_received) -> Flask:
    """The WSGI application.

    :param services: None in production: made from the environment.
    :param wake: tells a worker that a run of a tenant is due; tests pass a fake.
    :raises SettingsError: the environment is incomplete; lists every problem.
    """
    if services is None:
        settings = load()
        log.configure(level=settings.log_level, fmt=settings.log_format)
        services = open_services(settings, pool_size=POOL_SIZE)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    # An address with doubled slashes is a 404: Flask's redirect to the single ones would be built on the
    # Host header, which a stranger chooses.
    app.url_map.merge_slashes = False
    app.register_blueprint(landing())
    app.register_blueprint(receiver(services, wake))
    app.register_blueprint(logins(services))
    app.register_blueprint(desk(services, wake))
    app.register_blueprint(
        health(
            services,
            newest_schema=measures.newest_schema(),
            metrics_token=services.settings.metrics_token,
        )
    )
    register_error_pages(app)
    protect(app, services.settings)
    app.wsgi_app = BodyDeadline(app.wsgi_app)  # type: ignore[assignment,method-assign]
    return app
