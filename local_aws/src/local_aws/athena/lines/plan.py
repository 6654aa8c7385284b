"""How the lines of a table are read: the text that travels with a line, and the reader it makes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.athena.types.sqltypes import Type


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that is wanted.

    Attributes:
        name: in lower case.
        type: its type.
        place: among all columns of the table, from 0.
    """

    name: str
    type: Type
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlan:
    """How lines are read.

    Attributes:
        kind: of the SerDe: "openx", "json", "text" or "opencsv".
        parameters: the SerDe's.
        columns: the wanted columns.
        width: how many columns the table has.
    """

    kind: str
    parameters: Mapping[str, str]
    columns: Sequence[Column]
    width: int

    def text(self) -> str:
        """The plan as text."""
        columns = [[one.name, _type_json(one.type), one.place] for one in self.columns]
        return json.dumps([self.kind, dict(self.parameters), columns, self.width])


def read_plan(text: str) -> LinePlan:
    """The plan of a text."""
    kind, parameters, columns, width = json.loads(text)
    return LinePlan(
        kind=kind,
        parameters=parameters,
        columns=[
            Column(name=name, type=_type_of(given), place=place) for name, given, place in columns
        ],
        width=width,
    )


def _type_json(kind: Type) -> Any:
    return [kind.name, kind.args, [_type_json(item) for item in kind.items], kind.labels]


def _type_of(given: Any) -> Type:
    name, args, items, labels = given
    return Type(name, tuple(args), tuple(map(_type_of, items)), tuple(labels))
