# SPDX-License-Identifier: MIT OR Apache-2.0
"""What all tests in Python start from."""

import signal

# A shell has its background commands ignore SIGINT, nohup(1) has them ignore SIGHUP, and so would
# all that is started here: the tests end servers by signals, and look at what they do.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
