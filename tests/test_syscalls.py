# SPDX-License-Identifier: MIT OR Apache-2.0
"""System calls a round trip, of the length-prefix echo and of the judge that counts them."""

import pytest

from bench_programs import ROOT, program, script

import syscalls


@pytest.fixture(scope="module")
def load():
    reason = syscalls.why_no_trace()
    if reason:
        pytest.skip(reason)
    return program("load")


def test_echo_length_keeps_to_the_limits(load):
    server = ROOT / "build" / "examples" / "echo_length"
    assert server.exists(), "build it first: make c_examples"
    result = script("syscalls.py", "--load", load, server)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_floor_keeps_to_the_limits(load):
    result = script("syscalls.py", "--load", load, program("echo_floor"))
    assert result.returncode == 0, result.stdout + result.stderr


def test_an_echo_cannot_do_with_less_than_two_calls(load):
    result = script("syscalls.py", "--load", load, "--limit", "1.99", program("echo_floor"))
    assert result.returncode == 1
    assert "above 1.99" in result.stderr


SUMMARY = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ------------------
 50.00    0.100000           5     {trips}           recvfrom
 50.00    0.100000           5     {trips}        65 sendto
  0.00    0.000010           5     {control}           epoll_ctl
------ ----------- ----------- --------- --------- ------------------
100.00    0.200010          10     99999        65 total
"""


@pytest.mark.parametrize(
    ("trips", "control", "fault"),
    [
        (1.0, syscalls.CONNECTIONS + 1, None),
        (1.2, syscalls.CONNECTIONS + 1, "system calls a round trip"),
        (1.0, syscalls.EPOLL_CTL_LIMIT, None),
        (1.0, syscalls.EPOLL_CTL_LIMIT + 1, "it is called per request"),
    ],
)
def test_judge(trips, control, fault):
    text = SUMMARY.format(trips=int(trips * syscalls.ROUND_TRIPS), control=control)
    faults = syscalls.judge(syscalls.parse_summary(text))
    assert len(faults) == (0 if fault is None else 1)
    assert fault is None or fault in faults[0]
