# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is below the declarations of a C header: words, comments, conditions, constants.

It is a part of generate.py, not a C preprocessor: macros are not expanded, and what it does not
understand is a HeaderError, never skipped.
"""

import operator
import re
from typing import Callable, Dict, List, NamedTuple, NoReturn, Tuple, Union

GUARD = "WEBCORE_H"
OPERATORS: Dict[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "|": operator.or_, "<<": operator.lshift,
}

TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<string>\"[^\"\\\n]*\")|(?P<number>\d\w*)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<mark><<|[()\[\]{}*,;|+-])"
)


class HeaderError(Exception):
    """A declaration that this generator does not understand, with its line."""


class Token(NamedTuple):
    """One word of C with the line on which it stands."""

    kind: str
    text: str
    line: int


def tokenize(text: str, line: int) -> List[Token]:
    """Words of a piece of C without comments and directives."""
    tokens = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise HeaderError(f"line {line}: unexpected {text[at]!r}")
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match.group(), line))
        line += match.group().count("\n")
        at = match.end()
    return tokens


def without_comments(text: str) -> str:
    """The same text, each comment replaced by the line ends in it."""
    pattern = re.compile(r"\"[^\"\\\n]*\"|/\*.*?\*/|//[^\n]*", re.DOTALL)

    def blank(match: "re.Match[str]") -> str:
        found = match.group()
        return found if found.startswith('"') else " " + "\n" * found.count("\n")

    return pattern.sub(blank, text)


class Conditions:
    """The #if stack: C++ parts are skipped, unknown conditions may hold decorations only."""

    def __init__(self) -> None:
        self.stack: List[str] = []

    def enter(self, word: str, condition: str) -> None:
        """#if, #ifdef or #ifndef."""
        if word == "ifndef" and condition == GUARD:
            self.stack.append("taken")
        elif condition == "__cplusplus" and word in ("ifdef", "ifndef"):
            self.stack.append("skipped" if word == "ifdef" else "taken")
        else:
            self.stack.append("unknown")

    def switch(self, word: str, line: int) -> None:
        """#else or #elif."""
        if not self.stack:
            raise HeaderError(f"line {line}: #{word} without #if")
        other = {"skipped": "taken", "taken": "skipped", "unknown": "unknown"}
        self.stack[-1] = other[self.stack[-1]] if word == "else" else "unknown"

    def leave(self, line: int) -> None:
        """#endif."""
        if not self.stack:
            raise HeaderError(f"line {line}: #endif without #if")
        self.stack.pop()

    @property
    def skipped(self) -> bool:
        """Whether a C compiler would not see this line."""
        return "skipped" in self.stack

    @property
    def unknown(self) -> bool:
        """Whether it depends on the compiler or the system if this line is seen."""
        return "unknown" in self.stack


def lines_with_number(text: str) -> List[Tuple[int, str]]:
    """The lines of a header without comments, continued ones as one, numbered as they stand."""
    found: List[Tuple[int, str]] = []
    continued = False
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        if continued:
            first, begun = found.pop()
            found.append((first, begun + " " + line))
        else:
            found.append((number, line))
        continued = line.endswith("\\")
        if continued:
            found[-1] = (found[-1][0], found[-1][1][:-1])
    return found


class Constant:
    """The value of a #define: a string, or integers with - + | << and parentheses. A cast to
    size_t may only be around all of it: the value of the others is the same everywhere."""

    def __init__(self, text: str, known: Dict[str, Union[int, str]], line: int) -> None:
        self.tokens = tokenize(text, line)
        self.known = known
        self.line = line

    def value(self) -> Union[int, str]:
        """The number, or the Python text of a string or of a size_t."""
        if len(self.tokens) == 1 and self.tokens[0].kind == "string":
            return self.tokens[0].text
        marks = [token.text for token in self.tokens]
        if marks[:4] == ["(", "(", "size_t", ")"] and marks[-1] == ")":
            self.tokens = self.tokens[4:-1]
            text: Union[int, str] = f"c_size_t({self.operand()}).value"
        else:
            text = self.sum()
        if self.tokens:
            self.fail()
        return text

    def fail(self) -> NoReturn:
        """No constant."""
        raise HeaderError(f"line {self.line}: the value of this constant is not understood")

    def sum(self) -> int:
        """Operands with operators between them, of one precedence: mixing them is refused."""
        total = self.operand()
        first = self.tokens[0].text if self.tokens else ""
        while self.tokens and self.tokens[0].text in OPERATORS:
            mark = self.tokens.pop(0).text
            if mark != first and {mark, first} != {"+", "-"}:
                self.fail()
            total = OPERATORS[mark](total, self.operand())
        return total

    def operand(self) -> int:
        """A number, an integer constant, -operand or (sum)."""
        if not self.tokens:
            self.fail()
        token = self.tokens.pop(0)
        if token.text == "-":
            return -self.operand()
        if token.text == "(":
            inner = self.sum()
            if not self.tokens or self.tokens.pop(0).text != ")":
                self.fail()
            return inner
        if token.kind == "number":
            number = re.fullmatch(r"(0|[1-9]\d*|0[xX][0-9a-fA-F]+)[uUlL]*", token.text)
            return int(number.group(1), 0) if number else self.fail()
        value = self.known.get(token.text)
        return value if isinstance(value, int) else self.fail()
