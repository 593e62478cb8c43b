"""Read by every Python that starts with this folder on PYTHONPATH: puts the fail points in once the modules
are loaded that they wrap.

The product has no code for this. Only what imports ``tasks`` (web, workers, beat) gets fail points; until
then nothing is imported, so that no other program starts more slowly or in another order.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

INSTALLERS = {
    "tasks.app": "install",
    "tasks.wake": "install_wake",
    "connector.pipeline.run_chain": "install_links",
    "connector.pipeline.batch_chain": "install_links",
    "connector.runtime.priority": "install_priority",
}
"""Which function of ``fail_points`` follows the import of which module."""


class _Follower:
    """Finds these modules where they would be found anyway, and has something installed behind them."""

    def __init__(self) -> None:
        self._looking: set[str] = set()

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in INSTALLERS or name in self._looking:
            return None
        self._looking.add(name)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = _followed(spec.loader.exec_module, INSTALLERS[name])  # type: ignore[method-assign]
        return spec


def _followed(execute, installer):  # type: ignore[no-untyped-def]
    def then_install(module: ModuleType) -> None:
        execute(module)
        getattr(importlib.import_module("fail_points"), installer)(module)

    return then_install


sys.meta_path.insert(0, _Follower())
