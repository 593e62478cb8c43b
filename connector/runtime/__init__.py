"""The processes of the product on one machine: embedded servers, the supervisor, the table of processes.

Nothing in here knows deals or DATEV. A deployment with its own process manager (systemd, Docker Compose) and
its own PostgreSQL and Redis needs none of it; ``ml-connector up`` and the demo do.
"""
