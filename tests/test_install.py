# SPDX-License-Identifier: MIT OR Apache-2.0
"""What `make install` leaves behind is enough to build and run a program, shared and static."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tests" / "c" / "status.c"


def must(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A staging root with the prefix /opt/webcore in it."""
    stage = tmp_path_factory.mktemp("stage")
    must(["make", "-C", str(ROOT), "install", f"DESTDIR={stage}", "PREFIX=/opt/webcore"])
    return stage


def flags(stage, name):
    """One line of the pkg-config file, its variables filled in and moved to the stage."""
    text = (stage / "opt/webcore/lib/pkgconfig/webcore.pc").read_text()
    assert "@" not in text, text
    values = dict(re.findall(r"^(\w+)=(.*)$", text, re.M))
    line = re.search(rf"^{re.escape(name)}: (.*)$", text, re.M).group(1)
    for key, value in values.items():
        line = line.replace("${" + key + "}", f"{stage}{value}")
    return line.split()


def test_the_names_of_the_shared_library_form_a_chain(stage):
    lib = stage / "opt/webcore/lib"
    full = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.M).group(1)
    assert os.readlink(lib / "libwebcore.so") == "libwebcore.so.0"
    assert os.readlink(lib / "libwebcore.so.0") == f"libwebcore.so.{full}"
    assert (lib / f"libwebcore.so.{full}").is_file()


def test_it_exports_what_the_header_declares_and_no_hook_of_a_test(stage):
    library = stage / "opt/webcore/lib/libwebcore.so"
    listing = must(["nm", "-D", "--defined-only", "--format=posix", str(library)])
    exported = sorted(line.split()[0] for line in listing.splitlines())
    assert exported == (ROOT / "tests/golden/symbols.txt").read_text().split()


def test_a_second_install_replaces_the_library_and_does_not_write_over_it(stage):
    """A program that runs has the old file mapped: other bytes in it would crash the program."""
    library = stage / "opt/webcore/lib/libwebcore.so"
    with library.open("rb") as mapped:
        must(["make", "-C", str(ROOT), "install", f"DESTDIR={stage}", "PREFIX=/opt/webcore"])
        assert library.stat().st_ino != os.fstat(mapped.fileno()).st_ino


def test_a_program_builds_with_the_shared_library(stage, tmp_path):
    program = str(tmp_path / "shared")
    must(["gcc", str(SOURCE), *flags(stage, "Cflags"), *flags(stage, "Libs"), "-o", program])
    environment = dict(os.environ, LD_LIBRARY_PATH=str(stage / "opt/webcore/lib"))
    assert "not ok" not in must([program], env=environment)


def test_a_program_builds_with_the_static_library(stage, tmp_path):
    program = str(tmp_path / "static")
    archive = str(stage / "opt/webcore/lib/libwebcore.a")
    libraries = flags(stage, "Libs.private")
    must(["gcc", str(SOURCE), *flags(stage, "Cflags"), archive, *libraries, "-o", program])
    assert "not ok" not in must([program])


def test_a_program_in_cxx_builds_with_the_installed_headers_alone(stage, tmp_path):
    source, program = tmp_path / "coat.cpp", str(tmp_path / "coat")
    source.write_text("""#include <webcore.hpp>
int main()
{
    webcore::Loop loop;
    webcore::Pool pool;

    return loop.open() < 0 || pool.open(loop) < 0 || loop.run() < 0;
}
""")
    strict = ["-std=c++98", "-pedantic-errors", "-Wall", "-Wextra", "-Werror"]
    must(["g++", *strict, str(source), *flags(stage, "Cflags"), *flags(stage, "Libs"),
          "-o", program])
    must([program], env=dict(os.environ, LD_LIBRARY_PATH=str(stage / "opt/webcore/lib")))


def test_nothing_is_built_twice(tmp_path):
    make = ["make", "-C", str(ROOT), "all", "c_examples", f"EXAMPLES={tmp_path / 'examples'}"]
    assert "-o " in must(make)
    again = must(make)
    commands = [line for line in again.splitlines() if not line.startswith("make")]
    assert commands == [], again
