"""JSON as the OpenX reader of Trino takes it: strict where it can be, lenient otherwise.

Source of the rules: JsonReader in Trino's lib/trino-hive-formats. Beside JSON it takes

    'text' and bare words       {'a': x}
    ; for , and = or => for :   {"a" = 1; "b" => 2}
    left out elements           [1,,2] and [1,] have NULLs; but {"a": 1,} is refused
    comments                    /* */, // and #
    any text behind the value   {"a": 1}{"a": 2} is the first object
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

_BLANKS = "\t \n\r"
_ENDS = frozenset(" \r\n\t\f{}[]/\\:,=;#")
_ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", "a": "\x07", "v": "\t"}


class InvalidJsonError(ValueError):
    """The text is no JSON, however lenient."""


class Bare(str):
    """A literal without quotes, such as a number."""

    __slots__ = ()


class Fields(dict[str, tuple[str, Any]]):
    """An object: what a name is looked up by, and the name as written with its value.

    Of names that are looked up alike the last one counts, at its place.
    """

    __slots__ = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Any]], fold: Callable[[str], str]) -> "Fields":
        """The object of names and values."""
        fields = cls()
        for name, value in pairs:
            folded = fold(name)
            fields.pop(folded, None)
            fields[folded] = (name, value)
        return fields


def read_json(text: str, fold: Callable[[str], str]) -> Any:
    """Read a text: None, text, `Bare`, bool, list or `Fields`.

    Args:
        text: without blanks around it.
        fold: gives what a name is looked up by.

    Raises:
        InvalidJsonError: with the reason and its place.
    """
    decoder = json.JSONDecoder(
        strict=False,  # control characters are taken as they are
        parse_int=Bare,
        parse_float=Bare,
        parse_constant=Bare,
        object_pairs_hook=lambda pairs: Fields.of(pairs, fold),
    )
    try:
        return decoder.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return _Reader(text, fold).value()


class _Reader:
    """Reads what `json` refuses."""

    def __init__(self, text: str, fold: Callable[[str], str]) -> None:
        self.text = text
        self.fold = fold
        self.at = 0

    def value(self) -> Any:
        letter = self._token()
        if not letter:
            raise self._error("End of input")
        if letter == "{":
            return self._object()
        if letter == "[":
            return self._array()
        if letter in "'\"":
            return self._quoted(letter)
        self.at -= 1
        return self._literal()

    def _error(self, message: str) -> InvalidJsonError:
        return InvalidJsonError(f"{message} at character {self.at}")

    def _token(self) -> str:
        """The next letter that is no blank and in no comment; '' at the end."""
        text = self.text
        while self.at < len(text):
            letter = text[self.at]
            self.at += 1
            if letter in _BLANKS:
                continue
            if letter == "#" or (letter == "/" and text[self.at : self.at + 1] == "/"):
                self._skip_line()
            elif letter == "/" and text[self.at : self.at + 1] == "*":
                end = text.find("*/", self.at + 1)
                if end < 0:
                    raise self._error("Unterminated c-style comment")
                self.at = end + 2
            else:
                return letter
        return ""

    def _skip_line(self) -> None:
        while self.at < len(self.text) and self.text[self.at] not in "\r\n":
            self.at += 1

    def _object(self) -> Fields:
        first = self._token()
        if first == "}":
            return Fields()
        self.at -= 1 if first else 0
        pairs: list[tuple[str, Any]] = []
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise self._error("Names must be strings")
            separator = self._token()
            if separator not in (":", "="):
                raise self._error(f"Expected ':' after field {name}")
            if separator == "=" and self.text[self.at : self.at + 1] == ">":
                self.at += 1
            pairs.append((str(name), self.value()))
            letter = self._token()
            if letter == "}":
                return Fields.of(pairs, self.fold)
            if letter not in (",", ";"):
                raise self._error("Unterminated object")

    def _array(self) -> list[Any]:
        found: list[Any] = []
        has_separator = False
        while True:
            letter = self._token()
            if not letter:
                raise self._error("Unterminated array")
            if letter == "]":
                return [*found, None] if has_separator else found
            if letter in ",;":
                found.append(None)
                has_separator = True
                continue
            self.at -= 1
            found.append(self.value())
            letter = self._token()
            if letter == "]":
                return found
            if letter not in (",", ";"):
                raise self._error("Unterminated array")
            has_separator = True

    def _quoted(self, quote: str) -> str:
        pieces = []
        text, start = self.text, self.at
        while self.at < len(text):
            letter = text[self.at]
            self.at += 1
            if letter == quote:
                pieces.append(text[start : self.at - 1])
                return "".join(pieces)
            if letter == "\\":
                pieces += [text[start : self.at - 1], self._escaped()]
                start = self.at
        raise self._error("Unterminated string")

    def _escaped(self) -> str:
        letter = self.text[self.at : self.at + 1]
        if not letter:
            raise self._error("Unterminated escape sequence")
        self.at += 1
        if letter != "u":
            return _ESCAPES.get(letter, letter)
        digits = self.text[self.at : self.at + 4]
        if len(digits) < 4:
            raise self._error("Unterminated escape sequence")
        self.at += 4
        try:
            return chr(int(digits, 16))
        except ValueError:
            raise self._error(f"Invalid escape sequence: {digits}") from None

    def _literal(self) -> Bare | None:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _ENDS:
            self.at += 1
        literal = self.text[start : self.at]
        if not literal:
            raise self._error("Expected literal value")
        return None if literal.lower() == "null" else Bare(literal)
