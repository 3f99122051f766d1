# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every test that uses `loop` runs on each backend of this machine."""

import pytest
import support  # noqa: F401 (it makes the package importable)

BACKENDS = ["epoll", "poll"] if support.sys.platform == "linux" else ["poll"]


@pytest.fixture(params=BACKENDS)
def loop(request):
    """A loop of one backend; after the test nothing of it is held any more."""
    import webcore
    from webcore import _registry

    with webcore.Loop(request.param) as made:
        assert made.backend == request.param
        yield made
    assert _registry.live == {}
