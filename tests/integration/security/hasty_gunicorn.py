"""The product's gunicorn configuration with deadlines that a test can wait for; all else is the product's."""

import runpy
from pathlib import Path

from tests.integration.security.deadlines import HASTE_S
from webapp import guarded_worker
from webapp.slow_bodies import BodyDeadline

globals().update(runpy.run_path(str(Path(__file__).parents[3] / "config" / "gunicorn.conf.py")))

guarded_worker.HEAD_DEADLINE_S = HASTE_S
assert BodyDeadline.__init__.__kwdefaults__ is not None
BodyDeadline.__init__.__kwdefaults__["deadline_s"] = HASTE_S
