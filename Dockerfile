# One image for web, workers, beat, Flower and the migration; docker-compose.yml says which of them a container is.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# The dependencies first: they change seldom, so a rebuild after a change of our own code takes them from the cache.
COPY setup.py setup.cfg README.md ./
RUN mkdir connector tasks webapp && touch connector/__init__.py tasks/__init__.py webapp/__init__.py \
    && pip install --editable .

COPY connector connector
COPY tasks tasks
COPY webapp webapp
COPY config config

RUN useradd --system --uid 10001 --user-group --no-create-home connector \
    && install -d -m 0700 -o connector -g connector /var/lib/ml-connector \
    && python -m compileall -q connector tasks webapp

USER connector
ENV MLC_VAR_DIR=/var/lib/ml-connector
VOLUME /var/lib/ml-connector

EXPOSE 8000
# For web, the default command. The other containers' checks are in docker-compose.yml.
HEALTHCHECK --interval=10s --timeout=5s --retries=6 CMD ["python", "-m", "connector.runtime.probe", "8000", "/healthz"]
CMD ["gunicorn", "-c", "config/gunicorn.conf.py", "--bind", "0.0.0.0:8000", "webapp.app:create_app()"]
