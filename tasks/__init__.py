"""Celery tasks: one-liners over connector.pipeline."""
