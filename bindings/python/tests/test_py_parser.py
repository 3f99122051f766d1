# SPDX-License-Identifier: MIT OR Apache-2.0
"""The parser alone: bytes in, items out."""

import pytest
import talk  # noqa: F401 (it makes the package importable)
from webcore import Body, End, Head, HttpFault, HttpParser, Reason, Status, WebcoreError

WIRE = (b"POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
        b"GET / HTTP/1.0\r\n\r\n")


def whole(items):
    """The items with the pieces of each body joined."""
    out = []
    for item in items:
        if isinstance(item, Body) and out and isinstance(out[-1], Body):
            out[-1] = Body(out[-1].data + item.data)
        else:
            out.append(item)
    return out


EXPECTED = [
    Head("POST", "/a?b", 1, True, False, False, 5, [("Host", "h"), ("Content-Length", "5")]),
    Body(b"hello"),
    End(),
    Head("GET", "/", 0, False, False, False, None, []),
    End(),
]


def test_two_requests_in_one_piece():
    assert whole(HttpParser().feed(WIRE)) == EXPECTED


def test_two_requests_byte_by_byte():
    parser = HttpParser()
    items = [item for at in range(len(WIRE)) for item in parser.feed(WIRE[at:at + 1])]
    assert whole(items) == EXPECTED


def test_bytes_that_were_fed_are_not_lost_when_nobody_asked():
    parser = HttpParser()
    parser.feed(WIRE[:30])
    assert whole(parser.feed(WIRE[30:])) == EXPECTED


def test_a_chunked_body_is_unwrapped():
    wire = (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    head, body, end = whole(HttpParser().feed(wire))
    assert (head.chunked, head.content_length, body, end) == (True, None, Body(b"abcde"), End())


def test_ambiguous_bytes_are_a_fault_with_reason_and_status():
    wire = b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
    with pytest.raises(HttpFault) as fault:
        list(HttpParser().feed(wire))
    assert fault.value.http_status == 400
    assert fault.value.reason == Reason.LENGTH_TWICE
    assert fault.value.reason_name == "WC_H_LENGTH_TWICE"
    assert fault.value.reason_text in str(fault.value)


def test_a_limit_is_an_option_by_name():
    wire = b"GET /" + b"x" * 50 + b" HTTP/1.1\r\nHost: h\r\n\r\n"
    assert len(list(HttpParser().feed(wire))) == 2
    with pytest.raises(HttpFault) as fault:
        list(HttpParser(max_request_line=40).feed(wire))
    assert fault.value.http_status == 414
    with pytest.raises(TypeError):
        HttpParser(no_such_option=1)


def test_an_end_in_the_middle_is_told():
    with pytest.raises(WebcoreError) as ended:
        list(HttpParser().feed(b"GET / HTTP/1.1\r\nHost", eof=True))
    assert ended.value.status == Status.EOF
    assert not isinstance(ended.value, HttpFault)


def test_an_end_between_messages_is_none():
    assert whole(HttpParser().feed(WIRE[:WIRE.index(b"GET")], eof=True)) == EXPECTED[:3]
