# SPDX-License-Identifier: MIT OR Apache-2.0
"""webserv98 of c_examples and the C++98 wrapper below it, from outside, on every backend."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess

import pytest

from examples import (
    BACKENDS, DEADLINE, MIB, ROOT, WRAP, Answers, ask, pattern, receive, receive_all, request,
    reset, run, serving,
)

WWW = ROOT / "c_examples" / "webserv98" / "www"
FILES = sorted(path.relative_to(WWW).as_posix() for path in WWW.rglob("*") if path.is_file())
TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
SECRET = b"this is outside of the root\n"
BIG = 16 * MIB
CAP = MIB


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture
def root(tmp_path):
    """A copy of the site, beside a secret, with everything in it that could go wrong."""
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_bytes(SECRET)
    site = tmp_path / "site"
    shutil.copytree(WWW, site)
    (site / "link.txt").symlink_to("../secret.txt")
    (site / "absolute.txt").symlink_to(tmp_path / "secret.txt")
    (site / "linked").symlink_to("../outside")
    (site / "no index").mkdir()
    os.mkfifo(site / "fifo")
    (site / "empty.txt").write_bytes(b"")
    (site / "a b%.TXT").write_bytes(b"a name that needs escapes\n")
    for name, size in [("65535", 65535), ("65536", 65536), ("65537", 65537), ("300000", 300_000)]:
        (site / name).write_bytes(pattern(size, size))
    return site


@pytest.fixture
def big(root):
    content = pattern(BIG, 99)
    (root / "big.bin").write_bytes(content)
    return content


@pytest.fixture
def site(root, backend):
    with serving("webserv98", 0, root, backend=backend, listeners=2) as server:
        yield server


# ---- files


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_the_site(site, name):
    status, fields, body = ask(site, "GET", "/" + name)
    content = (WWW / name).read_bytes()
    assert (status, body) == (200, content)
    assert fields["content-type"] == TYPES[pathlib.PurePath(name).suffix]
    assert fields["content-length"] == str(len(content))
    assert fields["last-modified"].endswith(" GMT")
    assert fields["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("target", ["/", "/garden/", "//garden//", "/x/../garden/", "/?q=1"])
def test_a_directory_is_its_index(site, target):
    index = WWW / ("garden/index.html" if "garden" in target else "index.html")
    status, fields, body = ask(site, "GET", target)
    assert (status, body) == (200, index.read_bytes())
    assert fields["content-type"] == TYPES[".html"]


@pytest.mark.parametrize("target, location", [
    ("/garden", "/garden/"), ("/garden?a=b&c", "/garden/?a=b&c"), ("//garden", "/garden/"),
    ("/no%20index", "/no%20index/"),
])
def test_a_directory_without_its_slash_is_redirected(site, target, location):
    status, fields, _ = ask(site, "GET", target)
    assert (status, fields["location"]) == (301, location)


@pytest.mark.parametrize("name", ["65535", "65536", "65537", "300000", "empty.txt"])
def test_sizes_around_the_border_between_whole_and_streamed(site, root, name):
    content = (root / name).read_bytes()
    with site.connect() as client:
        answers = Answers(client)
        for _ in range(2):
            client.sendall(request("GET", "/" + name))
            status, fields, body = answers.next()
            assert (status, body) == (200, content)
            assert fields["content-length"] == str(len(content))


def test_a_name_with_escapes(site):
    status, fields, body = ask(site, "GET", "/a%20b%25.TXT")
    assert (status, body) == (200, b"a name that needs escapes\n")
    assert fields["content-type"] == TYPES[".txt"]


@pytest.mark.parametrize("target", ["/", "/style.css", "/300000", "/nowhere", "/hello?name=x",
                                    "/empty.txt"])
def test_head_is_get_without_the_body(site, target):
    with site.connect() as client:
        answers = Answers(client)
        client.sendall(request("GET", target))
        status, fields, body = answers.next()
        client.sendall(request("HEAD", target))
        head_status, head_fields, _ = answers.next("HEAD")
        client.sendall(request("GET", "/style.css"))
        assert answers.next()[2] == (WWW / "style.css").read_bytes()
    assert head_status == status
    assert head_fields["content-length"] == fields["content-length"] == str(len(body))
    assert head_fields["content-type"] == fields["content-type"]


def test_both_listeners_serve(site):
    assert len({port for _, port in site.addresses}) == 2
    for which in range(2):
        assert ask(site, "GET", "/", which=which)[2] == (WWW / "index.html").read_bytes()


# ---- no way out


@pytest.mark.parametrize("target", [
    "/../secret.txt", "/../../../../../../../../etc/passwd", "/%2e%2e/secret.txt",
    "/%2E%2E%2Fsecret.txt", "/garden/../../secret.txt", "/garden/..%2f..%2fsecret.txt",
    "/./../secret.txt", "//../secret.txt", "/garden/%2e%2e/%2e%2e/secret.txt",
    "/link.txt", "/absolute.txt", "/linked/secret.txt", "/linked", "/linked/",
    "/index.html%00.txt", "/garden%00/", "/..%5csecret.txt", "/%252e%252e/secret.txt",
    "http://localhost/../secret.txt",
])
def test_no_way_out_of_the_root(site, target):
    status, _, body = ask(site, "GET", target)
    assert status in (400, 403, 404)
    assert SECRET not in body
    assert b"root:" not in body


@pytest.mark.parametrize("target", ["/link.txt", "/linked/secret.txt", "/fifo", "/no%20index/"])
def test_what_is_there_but_not_for_reading(site, target):
    status, fields, body = ask(site, "GET", target)
    assert (status, fields["content-type"]) == (403, TYPES[".html"])
    assert b"403 Forbidden" in body


# ---- error pages


@pytest.mark.parametrize("target", ["/nowhere", "/garden/nowhere/", "/index.html/", "/STYLE.CSS",
                                    "/" + "n" * 300])
def test_404_is_the_page_of_the_site(site, target):
    status, fields, body = ask(site, "GET", target)
    assert (status, body) == (404, (WWW / "404.html").read_bytes())
    assert fields["content-type"] == TYPES[".html"]


@pytest.mark.parametrize("target", ["/%", "/%zz", "/a%0"])
def test_400_has_a_page(site, target):
    status, _, body = ask(site, "GET", target)
    assert status == 400
    assert b"<h1>400 Bad Request</h1>" in body


@pytest.mark.parametrize("method, target, allow", [
    ("GET", "/echo", "POST"), ("HEAD", "/echo", "POST"), ("POST", "/", "GET, HEAD"),
    ("DELETE", "/index.html", "GET, HEAD"), ("PUT", "/new", "GET, HEAD"),
    ("POST", "/hello", "GET, HEAD"), ("POST", "/nowhere", "GET, HEAD"),
])
def test_405_names_what_is_allowed(site, method, target, allow):
    status, fields, body = ask(site, method, target)
    assert (status, fields["allow"]) == (405, allow)
    assert method == "HEAD" or b"405 Method Not Allowed" in body


def test_500_and_the_server_goes_on(root, backend):
    log = "/broken was asked for\n"
    with serving("webserv98", 0, root, backend=backend, listeners=2, errors=log) as server:
        status, fields, body = ask(server, "GET", "/broken")
        assert (status, fields["content-type"]) == (500, TYPES[".html"])
        assert b"500 Internal Server Error" in body
        assert b"asked for" not in body
        assert ask(server, "GET", "/")[0] == 200


# ---- handlers


@pytest.mark.parametrize("query, name", [
    ("", "World"), ("?name=", "World"), ("?name=Ada", "Ada"), ("?x=1&name=Ada+L.&y", "Ada L."),
    ("?name=%3Cscript%3E%26%22%27", "&lt;script&gt;&amp;&quot;&#39;"), ("?name=%zz", "World"),
    ("?surname=x", "World"),
])
def test_hello(site, query, name):
    status, _, body = ask(site, "GET", "/hello" + query)
    assert status == 200
    assert f"<p>Hello, {name}!</p>" in body.decode()


def test_time(site):
    status, fields, body = ask(site, "GET", "/time")
    assert (status, fields["cache-control"]) == (200, "no-store")
    assert body.endswith(b" GMT\n")


@pytest.mark.parametrize("size", [0, 1, 70_000, CAP])
def test_post_echo(site, size):
    body = pattern(size)
    fields = ["Content-Type: text/html"] + ([] if body else ["Content-Length: 0"])
    status, fields, back = ask(site, "POST", "/echo", body, fields)
    assert (status, back) == (200, body)
    assert fields["content-type"] == "text/plain; charset=utf-8"


def test_post_echo_chunked_and_pipelined(site):
    with site.connect() as client:
        answers = Answers(client)
        chunked = request("POST", "/echo", fields=["Transfer-Encoding: chunked"])
        client.sendall((chunked + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") * 3 + request("GET", "/"))
        assert [answers.next()[2] for _ in range(3)] == [b"abcde"] * 3
        assert answers.next()[0] == 200


@pytest.mark.parametrize("length", [CAP + 1, 2**31, 2**63 - 1])
def test_413_by_the_announced_length_before_any_byte(site, length):
    fields = [f"Content-Length: {length}", "Expect: 100-continue"]
    status, fields, body = ask(site, "POST", "/echo", fields=fields)
    assert status == 413
    assert b"<h1>413 Content Too Large</h1>" in body


def test_413_by_what_came_in_chunks(site):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with site.connect() as client:
        client.sendall(request("POST", "/echo", fields=["Transfer-Encoding: chunked"]))
        client.sendall(chunk * 16 + b"1\r\nx\r\n")
        status, _, body = Answers(client).next()
    assert status == 413
    assert b"<h1>413 Content Too Large</h1>" in body
    assert ask(site, "POST", "/echo", b"x")[2] == b"x"


# ---- downloads


def test_slow_readers_cost_little_and_hold_up_nobody(site, big):
    ask(site, "GET", "/300000")
    before = site.memory()
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(site.connect(receive_buffer=4096)) for _ in range(8)]
        for client in slow:
            client.sendall(request("GET", "/big.bin"))
            assert receive(client, 9) == b"HTTP/1.1 "
        for which in range(2):
            assert ask(site, "GET", "/", which=which)[0] == 200
        assert WRAP or site.memory() - before < 8 * MIB
        client = slow[0]
        client.sendall(request("GET", "/style.css"))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += receive(client, 1)
        assert receive(client, BIG) == big
        assert Answers(client).next()[2] == (WWW / "style.css").read_bytes()


def test_a_download_given_up_gives_its_file_back(site, big):
    """Counted while one connection stays open; each answer on it is a turn of the server's loop."""
    with site.connect() as other:
        answers = Answers(other)

        def turn():
            other.sendall(request("GET", "/style.css"))
            assert answers.next()[0] == 200

        turn()
        before = site.descriptors()
        for _ in range(20):
            client = site.connect(receive_buffer=4096)
            client.sendall(request("GET", "/big.bin"))
            assert receive(client, 9) == b"HTTP/1.1 "
            reset(client)
        for _ in range(1000):
            turn()
            if site.descriptors() <= before:
                break
        assert site.descriptors() == before
    assert len(big) == BIG


def test_a_file_that_shrinks_while_it_is_sent_ends_early(site, root, big):
    with site.connect(receive_buffer=4096) as client:
        client.sendall(request("GET", "/big.bin"))
        assert receive(client, 9) == b"HTTP/1.1 "
        os.truncate(root / "big.bin", 0)
        rest = receive_all(client)
    body = rest.split(b"\r\n\r\n", 1)[1]
    assert len(body) < BIG
    assert body == big[:len(body)]
    assert ask(site, "GET", "/style.css")[0] == 200


# ---- arguments


def test_a_taken_second_port_is_replaced_and_said(root, backend):
    """The port below a taken one may be taken as well by somebody else; then with the next pair."""
    for _ in range(50):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            second = taken.getsockname()[1]
            note = f"port {second} is taken, the second listener takes another\n"
            try:
                with serving("webserv98", second - 1, root, backend=backend, listeners=2,
                             errors=note) as server:
                    assert server.addresses[0][1] == second - 1
                    assert server.addresses[1][1] not in (second - 1, second)
                    assert ask(server, "GET", "/", which=1)[0] == 200
                    return
            except AssertionError as error:
                if f"port {second - 1} is taken" not in str(error):
                    raise
    pytest.fail("no pair of ports")


@pytest.mark.parametrize("arguments", [("x",), (0, "/nowhere/at/all"), (0, __file__), (0, ".", 1)])
def test_bad_arguments(arguments):
    result = run("webserv98", *arguments)
    assert result.returncode == 1
    assert b"usage:" in result.stderr
    assert result.stdout == b""


# ---- the wrapper


@pytest.fixture(scope="module", params=["g++", "clang++"])
def wrapper(request, tmp_path_factory):
    """tests/cpp98/servers/wrapper.cpp, built as strictly as the examples."""
    program = tmp_path_factory.mktemp("wrapper") / "wrapper"
    libraries = pathlib.Path(os.environ.get("WC_LIBRARIES", ROOT / "build" / "lib"))
    subprocess.run([
        request.param, "-std=c++98", "-pedantic-errors", "-Wall",
        "-Wextra", "-Werror", "-I", ROOT / "include", "-I", ROOT / "c_examples",
        ROOT / "tests" / "cpp98" / "servers" / "wrapper.cpp", "-o", program, "-L", libraries,
        f"-Wl,-rpath,{libraries}", "-lwebcore",
    ], check=True, timeout=10 * DEADLINE)
    return program


def test_an_exception_in_a_connection_ends_it_alone(wrapper, backend):
    with serving(wrapper, backend=backend, listeners=2) as server:
        with server.connect() as client, server.connect() as other:
            for word in [b"open", b"data", b"drain"]:
                client.sendall(word + b"\n")
                assert client.recv(100).strip() == word
            client.sendall(b"throw\n")
            assert receive_all(client) == b""
            other.sendall(b"still here\n")
            assert other.recv(100).strip() == b"still here"


def test_an_exception_in_a_request_is_500(wrapper, backend):
    with serving(wrapper, backend=backend, listeners=2) as server:
        assert ask(server, "GET", "/", which=1)[::2] == (200, b"fine")
        assert ask(server, "GET", "/throw", which=1)[0] == 500
        assert ask(server, "GET", "/body", b"words", which=1)[::2] == (200, b"words")
        with server.connect(1) as client:
            client.sendall(request("GET", "/throw-late"))
            assert receive_all(client).endswith(b"\r\n\r\nhalf")
        assert ask(server, "GET", "/", which=1)[0] == 200


def test_what_was_refused_is_told_and_may_throw(wrapper, backend):
    with serving(wrapper, backend=backend, listeners=2) as server:
        with server.connect(1) as client:
            client.sendall(b"GET / HTTP/1.1\r\nno host: x\r\n\r\n")
            assert Answers(client).next()[0] == 400
        with server.connect(1) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert Answers(client).next()[0] == 400
        told = ask(server, "GET", "/rejected", which=1)[2]
        assert told == b"WC_H_FIELD_NAME_BLANK 400\nWC_H_HOST_MISSING 400\n"
