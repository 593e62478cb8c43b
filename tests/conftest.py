"""What holds for all tests."""

import os

# The OAuth library's own switch: the sandbox's login pages are on this machine and have no TLS.
os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")
