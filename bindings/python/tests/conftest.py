# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every test that uses `loop` runs on each backend of the library; a warning is a failure.

With the variable WEBCORE_LIBRARY that is another library, such as the one for tests, which has the
kqueue backend on Linux, too.
"""

from pathlib import Path

import pytest
import talk  # noqa: F401 (it makes the package importable)
from webcore import backends


def pytest_collection_modifyitems(items):
    """What ctypes cannot raise, it warns of: for example an exception that left a callback."""
    for item in items:
        if Path(__file__).parent in Path(str(item.fspath)).parents:
            item.add_marker(pytest.mark.filterwarnings("error"))


@pytest.fixture(params=backends())
def loop(request):
    """A loop of one backend; after the test nothing of it is held any more."""
    import webcore
    from webcore import _registry

    with webcore.Loop(request.param) as made:
        assert made.backend == request.param
        yield made
    assert _registry.live == {}
