# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes webcore/_abi.py, the ctypes view of the C API, from include/webcore.h.

    python3 bindings/python/generate.py include/webcore.h [OUTPUT]

It reads the small C of that header, not C: scalars, structs of scalars and pointers, callback
types, prototypes, constants. Whatever else it meets ends it with the line and a nonzero status,
so that no declaration can be lost in silence. The same header always gives the same bytes.
"""

import re
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, NoReturn, Optional, Tuple, Union

from cheader import GUARD, Conditions, Constant, HeaderError, Token, lines_with_number, tokenize

SCALARS = {
    "char": "c_char", "int": "c_int", "size_t": "c_size_t",
    "int8_t": "c_int8", "int16_t": "c_int16", "int32_t": "c_int32", "int64_t": "c_int64",
    "uint8_t": "c_uint8", "uint16_t": "c_uint16", "uint32_t": "c_uint32", "uint64_t": "c_uint64",
}
# What a header may say around a declaration without changing it for a caller.
DECORATIONS = {"WC_API", "WC_MUST_USE"}
DECORATIONS_WITH_ARGUMENT = {"WC_DEPRECATED"}


class Callback(NamedTuple):
    """A pointer to a function: what it returns and takes."""

    result: str
    parameters: List[str]


class Declarator(NamedTuple):
    """A name with its type: a scalar, pointer or struct, or a callback."""

    name: str
    const: bool
    base: str
    stars: int
    callback: Optional[Callback]
    line: int


class Generator:
    """Reads one header and keeps the lines of Python that stand for it."""

    def __init__(self) -> None:
        self.types: Dict[str, str] = dict.fromkeys(SCALARS, "scalar")
        self.constants: Dict[str, Union[int, str]] = {}
        self.out: List[str] = []
        self.prototypes: List[str] = []
        self.declared: List[str] = []
        self.tokens: List[Token] = []
        self.at = 0

    # -- directives

    def read(self, text: str) -> None:
        """Takes the whole header."""
        conditions = Conditions()
        for line, shown in lines_with_number(text):
            if shown.lstrip().startswith("#"):
                self.directive(shown.strip(), line, conditions)
            elif shown.strip() and not conditions.skipped:
                if conditions.unknown:
                    raise HeaderError(f"line {line}: a declaration under an unknown condition")
                self.tokens += tokenize(shown, line)
        if conditions.stack:
            raise HeaderError("an #if without #endif")
        while self.at < len(self.tokens):
            self.declaration()

    def directive(self, text: str, line: int, conditions: Conditions) -> None:
        """One line that starts with #."""
        match = re.match(r"#\s*(\w+)\s*(.*)$", text)
        if match is None:
            raise HeaderError(f"line {line}: {text}")
        word, rest = match.group(1), match.group(2).strip()
        if word in ("if", "ifdef", "ifndef"):
            conditions.enter(word, rest)
        elif word in ("else", "elif"):
            conditions.switch(word, line)
        elif word == "endif":
            conditions.leave(line)
        elif conditions.skipped or word == "include":
            return
        elif word == "define":
            self.define(rest, line, conditions.unknown)
        else:
            raise HeaderError(f"line {line}: #{word}")

    def define(self, text: str, line: int, unknown: bool) -> None:
        """A constant, or a decoration that means nothing here."""
        name, value = (text.split(None, 1) + [""])[:2]
        if name in DECORATIONS or name == GUARD:
            return
        if name.split("(")[0] in DECORATIONS_WITH_ARGUMENT:
            return
        if unknown:
            raise HeaderError(f"line {line}: {name} is defined under an unknown condition")
        if not re.fullmatch(r"WC_[A-Z0-9_]+", name):
            raise HeaderError(f"line {line}: {name} is no name of a constant")
        if name in self.constants:
            raise HeaderError(f"line {line}: {name} is defined twice")
        self.constants[name] = Constant(value, self.constants, line).value()

    # -- words

    def peek(self, ahead: int = 0) -> Token:
        """A word that is not yet taken."""
        if self.at + ahead < len(self.tokens):
            return self.tokens[self.at + ahead]
        return Token("end", "the end of the header", self.tokens[-1].line)

    def take(self, expected: Optional[str] = None) -> Token:
        """The next word, which has to be the expected one."""
        token = self.peek()
        if expected is not None and token.text != expected:
            self.fail(f"{expected!r} expected, not {token.text!r}")
        if token.kind == "end":
            self.fail("the header ends in the middle of a declaration")
        self.at += 1
        return token

    def name(self) -> str:
        """The next word, which has to be a name."""
        if self.peek().kind != "name":
            self.fail(f"a name expected, not {self.peek().text!r}")
        return self.take().text

    def fail(self, why: str) -> NoReturn:
        """Ends the work at the next word."""
        raise HeaderError(f"line {self.peek().line}: {why}")

    def skip_decorations(self) -> None:
        """Drops what changes nothing for a caller."""
        while self.peek().text in DECORATIONS | DECORATIONS_WITH_ARGUMENT:
            if self.take().text in DECORATIONS_WITH_ARGUMENT:
                self.take("(")
                while self.take().text != ")":
                    pass

    # -- declarations

    def declaration(self) -> None:
        """One declaration up to its semicolon."""
        self.skip_decorations()
        if self.peek().text == "typedef":
            self.take()
            if self.peek().text == "struct" and self.peek(2).text == "{":
                self.structure()
            else:
                self.typedef()
        elif self.peek().text == "struct" and self.peek(2).text == ";":
            self.take()
            self.opaque(self.name())
        else:
            self.prototype()
        self.take(";")

    def declare(self, name: str, kind: str) -> None:
        """Enters a type, once."""
        if name in self.types:
            self.fail(f"{name} is declared twice")
        self.types[name] = kind

    def opaque(self, name: str) -> None:
        """A struct of which only pointers are known."""
        self.declare(name, "opaque")
        self.out += ["", "", f"class {name}(Structure):", '    """Opaque."""', "", ""]

    def structure(self) -> None:
        """typedef struct name { fields } name"""
        self.take("struct")
        name = self.name()
        self.take("{")
        fields: List[Declarator] = []
        while self.peek().text != "}":
            fields += self.declarators()
            self.take(";")
        self.take("}")
        if self.name() != name:
            self.fail(f"the typedef of struct {name} has another name")
        if not fields:
            self.fail(f"struct {name} has no fields")
        lines = []
        for index, field in enumerate(fields):
            follower = fields[index + 1] if index + 1 < len(fields) else None
            if field.callback is not None:
                kind = f"{name}_{field.name}"
                self.callback(kind, field.callback)
            else:
                kind = self.ctype(field, follower)
            lines.append(f'        ("{field.name}", {kind}),')
        self.declare(name, "struct")
        self.out += ["", "", f"class {name}(Structure):"]
        self.out += ["    _fields_ = ["] + lines + ["    ]", "", ""]

    def callback(self, name: str, shape: Callback) -> None:
        """A callback type by name."""
        self.declare(name, "callback")
        self.out += wrapped(f"{name} = CFUNCTYPE(", [shape.result] + shape.parameters, ")")

    def typedef(self) -> None:
        """typedef of a scalar, an opaque struct or a callback."""
        if self.peek().text == "struct" and self.peek(1).text == self.peek(2).text:
            self.take()
            self.take()
            self.opaque(self.name())
            return
        for new in self.declarators():
            if new.callback is not None:
                self.callback(new.name, new.callback)
            elif new.stars == 0 and self.types.get(new.base) == "scalar":
                self.declare(new.name, "scalar")
                self.out.append(f"{new.name} = {SCALARS.get(new.base, new.base)}")
            else:
                self.fail(f"typedef {new.name} is neither scalar, callback nor struct")

    def prototype(self) -> None:
        """result name(parameters)"""
        const, base, stars = self.specifier()
        self.skip_decorations()
        name = self.name()
        if name in self.declared:
            self.fail(f"{name} is declared twice")
        result = self.ctype(Declarator(name, const, base, stars, None, self.peek().line), None)
        parameters = self.parameters(name)
        self.skip_decorations()
        self.declared.append(name)
        listed = "[" + ", ".join(parameters) + "]"
        line = f'    ("{name}", {result}, {listed}),'
        if len(line) <= 100:
            self.prototypes.append(line)
        else:
            self.prototypes += [f'    ("{name}", {result},']
            self.prototypes += wrapped("     [", parameters, "]),", 6)

    def specifier(self) -> Tuple[bool, str, int]:
        """[const] [struct] name *..."""
        const = False
        while self.peek().text == "const":
            self.take()
            const = True
        tagged = self.peek().text == "struct"
        if tagged:
            self.take()
        base = self.name()
        if base != "void" and base not in self.types:
            self.at -= 1
            self.fail(f"{base} is no known type")
        if tagged and self.types.get(base) not in ("struct", "opaque"):
            self.fail(f"{base} is no struct")
        return const, base, self.stars()

    def stars(self) -> int:
        """How many * follow; a const behind one changes nothing for ctypes."""
        count = 0
        while self.peek().text in ("*", "const"):
            count += self.take().text == "*"
        return count

    def declarators(self, owner: Optional[str] = None) -> List[Declarator]:
        """type a, *b or type (*name)(parameters); a parameter (with an owner) is one alone."""
        const, base, stars = self.specifier()
        found: List[Declarator] = []
        while True:
            line = self.peek().line
            if self.peek().text == "(":
                self.take()
                self.take("*")
                name = self.name()
                self.take(")")
                result = self.ctype(Declarator(name, const, base, stars, None, line), None)
                shape = Callback(result, self.parameters(None))
                found.append(Declarator(name, const, base, 0, shape, line))
            elif owner is not None and self.peek().text in (",", ")"):
                found.append(Declarator("", const, base, stars, None, line))
            else:
                found.append(Declarator(self.name(), const, base, stars, None, line))
            if self.peek().text == "[":
                self.fail("arrays are not part of this API")
            if owner is not None or self.peek().text != ",":
                return found
            self.take()
            stars = self.stars()

    def parameters(self, owner: Optional[str]) -> List[str]:
        """The ctypes types of (a, b, c); owner names the types of callbacks declared in place."""
        self.take("(")
        if self.peek().text == "void" and self.peek(1).text == ")":
            self.take()
            self.take()
            return []
        found: List[Declarator] = []
        while True:
            found += self.declarators(owner or "")
            if self.peek().text != ",":
                break
            self.take()
        self.take(")")
        types = []
        for index, parameter in enumerate(found):
            if parameter.callback is None:
                follower = found[index + 1] if index + 1 < len(found) else None
                types.append(self.ctype(parameter, follower))
            elif owner is None:
                self.fail("a callback that takes a callback")
            else:
                types.append(f"{owner}_{parameter.name}")
                self.callback(types[-1], parameter.callback)
        return types

    def ctype(self, what: Declarator, follower: Optional[Declarator]) -> str:
        """The ctypes type of a value. Bytes with a length are addresses: c_char_p would read them
        up to a NUL that is not promised."""
        if what.base == "void":
            pointee, stars = "c_void_p", what.stars - 1
        elif what.base == "char" and what.stars > 0 and what.const:
            counted = follower is not None and is_length(follower, what.name)
            pointee, stars = ("c_void_p" if counted else "c_char_p"), what.stars - 1
        else:
            pointee, stars = SCALARS.get(what.base, what.base), what.stars
        if what.base == "void" and what.stars == 0:
            return "None"
        if self.types.get(what.base) == "opaque" and what.stars == 0:
            self.fail(f"{what.name} holds an opaque struct by value")
        return "POINTER(" * stars + pointee + ")" * stars


def is_length(what: Declarator, of: str) -> bool:
    """Whether it is the length of the bytes before it; both may be parameters without a name."""
    names = ("len", f"{of}_len") if of else ("",)
    return what.base == "size_t" and what.stars == 0 and what.name in names


def wrapped(head: str, items: List[str], tail: str, indent: int = 4) -> List[str]:
    """head item, item tail in lines of at most 100 columns."""
    lines = [head]
    for index, item in enumerate(items):
        piece = item + (tail if index + 1 == len(items) else ",")
        glue = "" if lines[-1].endswith(("(", "[", " ")) else " "
        if len(lines[-1]) + len(glue) + len(piece) > 100:
            lines.append(" " * indent)
            glue = ""
        lines[-1] += glue + piece
    return lines if items else [head + tail]


HEAD = '''# SPDX-License-Identifier: MIT OR Apache-2.0
"""The C API of webcore as ctypes sees it. Made by generate.py from include/webcore.h: do not edit.

Names are those of the header. Bytes that come with a length are c_void_p, for ctypes.string_at.
"""

from ctypes import (
'''
TAIL = '''

def declare(library: CDLL) -> None:
    """Gives every function of the library its types; AttributeError if it lacks one."""
    for name, result, parameters in PROTOTYPES:
        function = getattr(library, name)
        function.restype = result
        function.argtypes = parameters
'''


def generate(header: str) -> str:
    """The text of _abi.py for the text of webcore.h."""
    made = Generator()
    made.read(header)
    if not made.declared:
        raise HeaderError("no function is declared")
    constants = [f"{name} = {value}" for name, value in made.constants.items()]
    body = made.out + ["", "PROTOTYPES = ["] + made.prototypes + ["]"]
    used = set(re.findall(r"\w+", "\n".join(constants + body)))
    importable = ["CDLL", "CFUNCTYPE", "POINTER", "Structure", "c_char_p", "c_void_p"]
    importable += SCALARS.values()
    names = [name for name in sorted(importable) if name in used | {"CDLL"}]
    imports = wrapped("    ", names, ",") + [")", ""]
    text = HEAD + "\n".join(imports + constants + [""] + body) + "\n" + TAIL
    return re.sub(r"\n{4,}", "\n\n\n", text)


def main(arguments: List[str]) -> int:
    """Reads the header named first, writes the file named second."""
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    output = Path(__file__).resolve().parent / "webcore" / "_abi.py"
    if len(arguments) == 2:
        output = Path(arguments[1])
    try:
        text = generate(Path(arguments[0]).read_text(encoding="utf-8"))
    except HeaderError as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
