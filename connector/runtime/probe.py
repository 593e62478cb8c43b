"""Is a process on this machine healthy? ``python -m connector.runtime.probe PORT PATH`` ends with 0 if so.

The supervisor asks it, and so do the containers: their image has neither curl nor wget.
"""

import http.client
import sys

from connector.runtime.ports import LOOPBACK

_TIMEOUT_S = 4.0
"""Below the container engine's own limit of five seconds, so that we end by ourselves."""


def healthy(port: int, path: str) -> bool:
    """Whether the page answers 200 in time."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not healthy(int(sys.argv[1]), sys.argv[2]))
