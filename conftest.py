# SPDX-License-Identifier: MIT OR Apache-2.0
"""What all tests in Python start from."""

import signal

# A shell has its background commands ignore SIGINT, and so would all that is started here: the
# tests end servers by it.
signal.signal(signal.SIGINT, signal.default_int_handler)
