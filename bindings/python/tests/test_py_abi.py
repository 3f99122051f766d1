# SPDX-License-Identifier: MIT OR Apache-2.0
"""webcore/_abi.py says what include/webcore.h says, by the generator and by a C compiler."""

import ctypes
import os
import re
import subprocess
import sys
from types import ModuleType

import pytest
from talk import HEADER, PACKAGE, TOOLS

sys.path.insert(0, str(TOOLS))
import generate  # noqa: E402
from cheader import HeaderError  # noqa: E402

# In the manner of the real header: decorations, tags, long prototypes, C++ parts.
SMALL = """\
/* generated */
#ifndef WEBCORE_H
#define WEBCORE_H
#include <stdint.h>
#ifndef WC_API
# if defined(__GNUC__)
#  define WC_API __attribute__((visibility("default")))
# else
#  define WC_API
# endif
#endif
#ifdef __cplusplus
extern "C" {
#endif
/** Up to the NUL: "/" and * too. */
#define WC_NTS ((size_t)-1)
#define WC_E_GONE (-2)
#define WC_E_STATE (0 - 4)
#define WC_BOTH (WC_ONE_BIT | \\
                 2)
typedef int32_t wc_status;
typedef uint64_t wc_loop, wc_conn;
typedef struct wc_parser wc_parser;
/**
 * A view; never NUL-terminated.
 */
typedef struct wc_str {
  const char *ptr;
  size_t len;
} wc_str;
typedef struct wc_calls {
  size_t size;
  const char *host;
  void (*on_data)(wc_conn conn, const char *data, size_t len, void *user);
  uint16_t low, high;
} wc_calls;
WC_API const char *wc_version(void);
WC_API
WC_MUST_USE
wc_status wc_parser_new(const struct wc_calls *calls,
                        struct wc_parser **out);
WC_API wc_status wc_get(wc_conn conn, const char *name, size_t name_len, char *text, wc_str *out);
WC_API WC_DEPRECATED("use wc_get") wc_status wc_post(wc_loop loop, void (*run)(wc_loop, void*),
    void *user, void **old);
#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* WEBCORE_H */
""".replace("WC_ONE_BIT", "1")


def load(text: str) -> ModuleType:
    """A module of the given text."""
    module = ModuleType("abi_under_test")
    exec(compile(text, "_abi.py", "exec"), module.__dict__)
    return module


def test_the_committed_module_is_what_the_generator_writes() -> None:
    assert (PACKAGE / "_abi.py").read_text() == generate.generate(HEADER.read_text())


def test_a_second_run_writes_the_same_bytes(tmp_path) -> None:
    seeds = [dict(os.environ, PYTHONHASHSEED=seed) for seed in ("1", "2")]
    written = []
    for index, environment in enumerate(seeds):
        output = tmp_path / str(index)
        command = [sys.executable, str(TOOLS / "generate.py"), str(HEADER), str(output)]
        subprocess.run(command, env=environment, check=True, timeout=60)
        written.append(output.read_bytes())
    assert written[0] == written[1]


def test_a_small_header_gives_its_types() -> None:
    abi = load(generate.generate(SMALL))
    assert abi.WC_NTS == ctypes.c_size_t(-1).value
    assert (abi.WC_E_GONE, abi.WC_E_STATE, abi.WC_BOTH) == (-2, -4, 3)
    assert abi.wc_loop is abi.wc_conn is ctypes.c_uint64
    fields = [("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t)]
    assert abi.wc_str._fields_ == fields
    assert abi.wc_calls._fields_[1] == ("host", ctypes.c_char_p)
    assert [name for name, _ in abi.wc_calls._fields_] == ["size", "host", "on_data", "low", "high"]
    on_data = dict(abi.wc_calls._fields_)["on_data"]
    expected = (ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    assert on_data._argtypes_ == expected
    assert on_data._restype_ is None


def test_a_small_header_gives_its_prototypes() -> None:
    abi = load(generate.generate(SMALL))
    pointer = ctypes.POINTER
    run = ctypes.CFUNCTYPE(None, ctypes.c_uint64, ctypes.c_void_p)
    assert abi.PROTOTYPES == [
        ("wc_version", ctypes.c_char_p, []),
        ("wc_parser_new", ctypes.c_int32, [pointer(abi.wc_calls), pointer(pointer(abi.wc_parser))]),
        ("wc_get", ctypes.c_int32, [ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t,
                                    pointer(ctypes.c_char), pointer(abi.wc_str)]),
        ("wc_post", ctypes.c_int32,
         [ctypes.c_uint64, run, ctypes.c_void_p, pointer(ctypes.c_void_p)]),
    ]


@pytest.mark.parametrize("line", [
    "wc_status wc_f(unknown_t x);",
    "wc_status wc_f(enum color x);",
    "wc_status wc_f(wc_conn conn, ...);",
    "wc_status wc_f(char name[4]);",
    "wc_status wc_f(wc_parser parser);",
    "wc_status wc_f(void (*a)(void (*b)(void)));",
    "wc_status wc_version(void);",
    "wc_status wc_f(wc_conn conn)",
    "typedef enum wc_color { WC_RED } wc_color;",
    "typedef struct wc_bits { uint32_t a : 3; } wc_bits;",
    "typedef struct wc_empty { } wc_empty;",
    "typedef struct wc_a { size_t size; } wc_b;",
    "typedef union wc_u { int32_t a; } wc_u;",
    "typedef wc_str wc_text;",
    "struct wc_s { size_t size; };",
    "extern int32_t wc_global;",
    "static const int32_t wc_constant = 1;",
    "#define WC_MAX(a, b) ((a) > (b) ? (a) : (b))",
    "#define WC_SHIFT 1 + 1 << 2",
    "#define WC_RATIO 1.5",
    "#define WC_OTHER WC_NOT_DEFINED",
    "#define WC_NOTHING",
    "#define OTHER 1",
    "#define WC_E_GONE 1",
    "#pragma pack(1)",
    "#if defined(__linux__)\nwc_status wc_f(void);\n#endif",
    "#if defined(__linux__)\n#define WC_SYSTEM 1\n#endif",
    "#if 1",
])
def test_what_is_not_understood_ends_the_work_with_its_line(line: str) -> None:
    place = "#ifdef __cplusplus\n} /*"
    with pytest.raises(HeaderError, match="^(line [0-9]+: |an #if without #endif)"):
        generate.generate(SMALL.replace(place, f"{line}\n{place}"))


def c_program(abi: ModuleType) -> str:
    """Prints every size, offset and constant of the header."""
    lines = ["#include <stdio.h>", "#include <stddef.h>", '#include "webcore.h"', "int main() {"]
    for name, value in vars(abi).items():
        if isinstance(value, type) and issubclass(value, ctypes.Structure):
            if not hasattr(value, "_fields_"):
                continue
            lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
            for field, *_ in value._fields_:
                place = f"offsetof({name}, {field}), sizeof((({name} *)0)->{field})"
                lines.append(f'printf("{name}.{field} %zu %zu\\n", {place});')
        elif isinstance(value, str) and name.startswith("WC_"):
            lines.append(f'printf("{name} %s\\n", {name});')
        elif name.startswith("WC_"):
            lines.append(f'printf("{name} %llu\\n", (unsigned long long){name});')
        elif name.startswith("wc_") and issubclass(value, ctypes._SimpleCData):
            lines.append(f'printf("{name} %zu %d\\n", sizeof({name}), ({name})-1 < ({name})0);')
    return "\n".join(lines + ["return 0; }", ""])


def python_view(abi: ModuleType) -> str:
    """The same lines, by ctypes."""
    lines = []
    for name, value in vars(abi).items():
        if isinstance(value, type) and issubclass(value, ctypes.Structure):
            if not hasattr(value, "_fields_"):
                continue
            lines.append(f"{name} {ctypes.sizeof(value)}")
            for field, *_ in value._fields_:
                place = getattr(value, field)
                lines.append(f"{name}.{field} {place.offset} {place.size}")
        elif isinstance(value, str) and name.startswith("WC_"):
            lines.append(f"{name} {value}")
        elif name.startswith("WC_"):
            lines.append(f"{name} {value % 2**64}")
        elif name.startswith("wc_") and issubclass(value, ctypes._SimpleCData):
            lines.append(f"{name} {ctypes.sizeof(value)} {int(value(-1).value < 0)}")
    return "\n".join(lines + [""])


def test_sizes_offsets_and_constants_are_those_of_the_c_compiler(tmp_path) -> None:
    abi = load((PACKAGE / "_abi.py").read_text())
    source = tmp_path / "layout.c"
    source.write_text(c_program(abi))
    program = tmp_path / "layout"
    command = ["cc", "-std=c99", "-w", f"-I{HEADER.parent}", str(source), "-o", str(program)]
    subprocess.run(command, check=True, timeout=60)
    printed = subprocess.run([str(program)], check=True, timeout=60, stdout=subprocess.PIPE)
    assert printed.stdout.decode() == python_view(abi)
    assert "wc_event.user" in python_view(abi)


def test_every_function_and_constant_of_the_header_is_there() -> None:
    """Counted by plain searching, not by the generator's own reading."""
    abi = load((PACKAGE / "_abi.py").read_text())
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    functions = set(re.findall(r"\b(wc_\w+)\s*\([^*]", text))
    assert functions == {name for name, _, _ in abi.PROTOTYPES}
    constants = set(re.findall(r"^#define (WC_\w+) \S", text, flags=re.MULTILINE))
    assert constants - {"WC_API", "WC_MUST_USE"} == {n for n in vars(abi) if n.startswith("WC_")}
