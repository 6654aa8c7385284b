"""Small files, what real Trino reads in them, and both engines held to that.

A file of `files/` has tables and, below each, the files that are read as that table, a line each:

    serde         "openx", "hcatalog", "text", "opencsv" or "parquet"
    parameters    of the SerDe
    properties    of the table
    columns       names and Hive types
    ---
    file          the text of a file; or "base64" of its bytes; or "value", which stands for a file
                  with that value in every column; or "parquet", a name in `parquet_files`
    suffix        of the object's name
    count         what SELECT count(*) answers
    answers       for each column its values row by row, as Athena prints them; or, as a text, the
                  name of Trino's error
    local         the columns for which local_aws on DuckDB answers otherwise, and how

`PYTHONPATH=trino python -m tests.record_files` asks a Trino and renews the answers.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tests.athena_client import Athena

from local_aws.athena.run.serdes import FORMATS, HCATALOG_JSON, LAZY_SIMPLE
from tests import parquet_files

FOLDER = Path(__file__).with_name("files")
COUNT = "count(*)"

Answer = list[str | None] | str
Outcome = Literal["same", "same error", "other error", "refused", "wrong"]

_SERDES = {
    "hcatalog": HCATALOG_JSON,
    "opencsv": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
    "openx": "org.openx.data.jsonserde.JsonSerDe",
    "parquet": FORMATS["PARQUET"][2],
    "text": LAZY_SIMPLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOfFiles:
    """How files are read: a table."""

    serde: str
    columns: Mapping[str, str]
    parameters: Mapping[str, str]
    properties: Mapping[str, str]

    def bytes_of(self, given: Mapping[str, str]) -> bytes:
        """The bytes of a file of which a line tells the text, the value or the name."""
        if "base64" in given:
            return base64.b64decode(given["base64"])
        if "file" in given:
            return given["file"].encode()
        if "parquet" in given:
            return parquet_files.file_of(given["parquet"], tuple(self.columns))
        value = given["value"]
        if self.serde in ("openx", "hcatalog"):
            fields = ", ".join(f'"{name}": {value}' for name in self.columns)
            return f"{{{fields}}}\n".encode()
        delimiter = self.parameters.get("field.delim", "\x01")
        return (delimiter.join([value] * len(self.columns)) + "\n").encode()

    def line(self) -> dict[str, Any]:
        """What a file of the corpus has of it."""
        more = {"parameters": dict(self.parameters), "properties": dict(self.properties)}
        given = {name: value for name, value in more.items() if value}
        return {"serde": self.serde, **given, "columns": dict(self.columns)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file, and what it holds.

    Attributes:
        theme: the file of the corpus.
        table: how it is read.
        given: its text, bytes, value or name.
        answers: by column, and COUNT for the number of rows.
        local: by column, what is known to be other on DuckDB.
    """

    theme: str
    table: TableOfFiles
    given: Mapping[str, str]
    answers: Mapping[str, Answer]
    local: Mapping[str, str]

    @property
    def shown(self) -> str:
        """What a report calls it."""
        name, text = next(one for one in self.given.items() if one[0] != "suffix")
        return f"{self.theme}: {name} {text!r}"

    def line(self) -> dict[str, Any]:
        """What a file of the corpus has of it."""
        answers = dict(self.answers)
        count = {"count": answers.pop(COUNT)} if COUNT in answers else {}
        local = {"local": dict(self.local)} if self.local else {}
        return {**self.given, **count, "answers": answers, **local}


def read_cases() -> Iterator[Case]:
    """All cases, file by file."""
    for path in sorted(FOLDER.glob("*.jsonl")):
        table: TableOfFiles | None = None
        for text in path.read_text().splitlines():
            line = json.loads(text)
            if "serde" in line:
                table = TableOfFiles(
                    serde=line["serde"],
                    columns=line["columns"],
                    parameters=line.get("parameters", {}),
                    properties=line.get("properties", {}),
                )
                continue
            assert table is not None
            answers = dict(line.pop("answers", {}))
            if "count" in line:
                answers[COUNT] = line.pop("count")
            local = line.pop("local", {})
            yield Case(theme=path.stem, table=table, given=line, answers=answers, local=local)


def write_cases(cases: Iterable[Case]) -> None:
    """Write the cases back, each theme to its file."""
    lines: dict[str, list[Any]] = {}
    tables: dict[str, TableOfFiles] = {}
    for case in cases:
        of_theme = lines.setdefault(case.theme, [])
        if tables.get(case.theme) != case.table:
            tables[case.theme] = case.table
            of_theme.append(case.table.line())
        of_theme.append(case.line())
    for theme, found in lines.items():
        text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in found)
        (FOLDER / f"{theme}.jsonl").write_text(text)


def outcome(wanted: Answer, found: Answer) -> Outcome:
    """How an answer compares with Trino's."""
    if isinstance(wanted, str) or isinstance(found, str):
        if wanted == found:
            return "same error"
        if isinstance(found, str):
            return "other error" if isinstance(wanted, str) else "refused"
        return "wrong"
    return "same" if wanted == found else "wrong"


def answers_of(
    athena: Athena,
    cases: Sequence[Case],
    *,
    is_quick: bool = False,
    threads: int = 2,
) -> list[Case]:
    """The cases with the answers of an Athena; the tables are made in its database.

    Args:
        athena: asked for one partition of a table after the other.
        cases: in any order.
        is_quick: of the columns of a file that are expected to fail, each in a query of its own,
            ask for two, of the next file for others; and count only where a file has lines.
        threads: how many queries run at once.
    """
    numbers = {table: number for number, table in enumerate(dict.fromkeys(map(_key, cases)))}
    for table, number in numbers.items():
        _create(athena, f"t{number}", [case for case in cases if _key(case) == table])
    places: dict[str, int] = {}

    def place(case: Case) -> tuple[Case, str]:
        name = f"t{numbers[_key(case)]}"
        places[name] = places.get(name, -1) + 1
        return case, f"{name} WHERE f = {places[name]}"

    def answered(number: int, one: tuple[Case, str]) -> Case:
        case, where = one
        found: dict[str, Answer] = {}
        if not is_quick or case.given.keys() & {"file", "base64"}:
            count = _ask(athena, ["count(*)"], where)
            found[COUNT] = count if isinstance(count, str) else count[0]
        failing = [name for name in case.table.columns if _fails(case, name)]
        likely = [name for name in case.table.columns if name not in failing]
        found.update(_ask_each(athena, likely, where))
        if is_quick and failing:
            failing = [failing[(number + step) % len(failing)] for step in (0, 7)]
        for name in failing:
            found.update(_ask_each(athena, [name], where))
        names = (COUNT, *case.table.columns)
        return replace(case, answers={name: found[name] for name in names if name in found})

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(answered, range(len(cases)), [place(case) for case in cases]))


def _fails(case: Case, name: str) -> bool:
    mark = case.local.get(name)
    return mark == "refused" or (isinstance(case.answers.get(name), str) and mark != "wrong")


def _key(case: Case) -> str:
    return json.dumps([case.theme, case.table.line()])


def _ask_each(athena: Athena, columns: Sequence[str], where: str) -> Iterator[tuple[str, Answer]]:
    """Ask for columns at once, and if that fails for each half of them."""
    if not columns:
        return
    quoted = [f'"{name}"' for name in columns]
    answers = _ask(athena, quoted, where)
    if not isinstance(answers, str):
        yield from zip(columns, answers, strict=True)
    elif len(columns) == 1:
        yield columns[0], answers
    else:
        middle = len(columns) // 2
        yield from _ask_each(athena, columns[:middle], where)
        yield from _ask_each(athena, columns[middle:], where)


def _ask(athena: Athena, cells: Sequence[str], where: str) -> list[list[str | None]] | str:
    ran = athena.run(f"SELECT {', '.join(cells)} FROM {where}")
    if ran.state != "SUCCEEDED":
        return ran.reason.partition(":")[0]
    return [[row[number] for row in ran.rows] for number in range(len(cells))]


def _create(athena: Athena, name: str, cases: Sequence[Case]) -> None:
    table = cases[0].table
    columns = [{"Name": column, "Type": kind} for column, kind in table.columns.items()]
    input_format, output_format, _ = FORMATS["PARQUET" if table.serde == "parquet" else "TEXTFILE"]
    storage = {
        "Columns": columns,
        "Location": athena.location(name),
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "SerdeInfo": {
            "SerializationLibrary": _SERDES[table.serde],
            "Parameters": dict(table.parameters),
        },
    }
    athena.glue.create_table(
        DatabaseName=athena.database,
        TableInput={
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", **table.properties},
            "PartitionKeys": [{"Name": "f", "Type": "int"}],
            "StorageDescriptor": storage,
        },
    )
    inputs = []
    for number, case in enumerate(cases):
        key = f"{name}/f={number}/"
        athena.put(f"{key}file{case.given.get('suffix', '')}", table.bytes_of(case.given))
        location = {"Location": f"s3://{athena.bucket}/{key}"}
        inputs.append({"Values": [str(number)], "StorageDescriptor": {**storage, **location}})
    for start in range(0, len(inputs), 100):
        athena.glue.batch_create_partition(
            DatabaseName=athena.database,
            TableName=name,
            PartitionInputList=inputs[start : start + 100],
        )


def compare(
    cases: Sequence[Case], found: Sequence[Case]
) -> Iterator[tuple[Case, str, Outcome, Answer]]:
    """For each cell: the case, the column, the outcome, and what was found."""
    for case, other in zip(cases, found, strict=True):
        for name, answer in other.answers.items():
            yield case, name, outcome(case.answers.get(name, ""), answer), answer
