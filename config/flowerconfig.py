"""How Flower shows the workers: to one user with a password, on this machine only.

/metrics and /healthcheck answer without the password (Flower's own rule), hence the loopback address; a
container sets FLOWER_ADDRESS to 0.0.0.0 and publishes the port on the host's loopback address.
"""

import os

basic_auth = [os.environ.get("FLOWER_BASIC_AUTH", "")]
if not all(basic_auth[0].partition(":")):
    raise SystemExit(
        "Flower does not start without a password: FLOWER_BASIC_AUTH is not set or has no colon.\n"
        "Set it to user:password in the environment, never on the command line, which every user can read."
    )
if os.environ.get("FLOWER_UNAUTHENTICATED_API"):
    raise SystemExit("FLOWER_UNAUTHENTICATED_API would let anyone stop the workers. Unset it.")

address = os.environ.get("FLOWER_ADDRESS") or "127.0.0.1"
port = int(os.environ.get("FLOWER_PORT") or "5555")

# For looking only: runs are retried and cancelled at the desk or by command line, where it is journalled.
read_only = True

# What matters is in PostgreSQL. Ten thousand tasks are a few hours of heavy traffic and some 30 MB.
persistent = False
max_tasks = 10_000
