"""Jinja templates as statements whose lines know of which line of which file they are."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
import jinja2.ext
import jinja2.sandbox
from jinja2.lexer import Token, TokenStream

from retime.errors import DataSetError

# Private-use characters, which no SQL has: file and line between them, at the beginning of what is
# of that line.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_FIRST_MARKS = re.compile(rf"(?:\s*{_MARK.pattern})+")
# Comments first: what is in them is no text.
_QUOTED = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", re.DOTALL)
_IN_STATEMENT = re.compile(r"\bline (\d+):\d+")


def names_line(reason: str) -> bool:
    """Return whether Athena's reason names a line of the statement."""
    return _IN_STATEMENT.search(reason) is not None


class Statement(str):
    """A statement as it is asked; `places` has file and line of each of its lines."""

    places: tuple[str, ...]
    __slots__ = ("places",)

    def with_place(self, reason: str) -> str:
        """Return Athena's reason with the file and line that it is about, if it names a line."""
        found = _IN_STATEMENT.search(reason)
        if found is None or not 0 < int(found[1]) <= len(self.places):
            return reason
        return f"{reason} (line {found[1]} of the statement is of {self.places[int(found[1]) - 1]})"


def render(
    folders: Mapping[str, Path], template: str, names: Mapping[str, Any], subject: str
) -> Statement:
    """Return what a template gives; it reaches what it is given, and nothing of Python.

    Args:
        folders: where templates are, by the first part of their names.
        template: its name, as `retime/stage.sql`.
        names: what templates can name.
        subject: the data set, for errors.

    Raises:
        DataSetError: it cannot be rendered; names the file and the line.
    """
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        loader=jinja2.PrefixLoader(
            {name: jinja2.FileSystemLoader(folder) for name, folder in folders.items()}
        ),
        extensions=[_Places],
        undefined=jinja2.StrictUndefined,
        trim_blocks=False,
        lstrip_blocks=True,
    )
    try:
        text = environment.get_template(template).render(names)
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, jinja2.TemplateError):
            raise  # a file that is being deployed: a retry can help
        where = _place(error) or folders.get(template.partition("/")[0])
        raise DataSetError(
            f"{where}: cannot be rendered for {subject!r}; fix the template: {error}"
        ) from error
    statement = _statement(text)
    _check_texts(statement)
    return statement


class _Places(jinja2.ext.Extension):
    """Marks the text of templates with where it is from."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        # Not of what is a value in templates: it may be compared, cut or split.
        depth = 0
        block: list[str] = []
        for token in stream:
            if token.type == "block_begin":
                block = []
            elif token.type == "block_end":
                depth += _depth_after(block)
            else:
                block.append(token.value)
            if token.type != "data" or depth:
                yield token
                continue
            lines = enumerate(token.value.split("\n"), token.lineno)
            marked = (
                f"{_OPEN}{stream.filename}, line {number}{_CLOSE}{line}" for number, line in lines
            )
            yield Token(token.lineno, "data", "\n".join(marked))


def _depth_after(block: list[str]) -> int:
    """How many values a tag begins or ends: a macro, a call, `{% set x %}` without a value."""
    word = block[0] if block else ""
    if word in ("endmacro", "endcall", "endset"):
        return -1
    return int(word in ("macro", "call") or (word == "set" and "=" not in block))


def _statement(text: str) -> Statement:
    lines, places, last = [], [], ""
    for line in text.splitlines():
        # What a macro gives in more than one line is of the line that names it.
        first = _FIRST_MARKS.match(line)
        places.append(_MARK.findall(first[0])[-1] if first else last)
        last = (_MARK.findall(line) or [last])[-1]
        lines.append(_MARK.sub("", line).rstrip())
    statement = Statement("\n".join(lines) + "\n")
    statement.places = tuple(places)
    return statement


def _check_texts(statement: Statement) -> None:
    """Refuse texts of several lines: their lines are indented as those around them."""
    for found in _QUOTED.finditer(statement):
        if found[0][0] in "'\"" and "\n" in found[0]:
            place = statement.places[statement.count("\n", 0, found.start())]
            raise DataSetError(
                f"{place}: the text or name {found[0][:40]!r} goes on in the next line, where "
                "blanks are added; write it in one line, a line break as CHR(10)"
            )


def _place(error: Exception) -> str | None:
    """Return in which line of which template something went wrong; None if that is not known."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.filename}, line {error.lineno}"
    # Jinja lets the frames of a template name its file and line.
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{f.filename}, line {f.lineno}" for f in frames if f.filename.endswith(".sql")]
    return places[-1] if places else None
