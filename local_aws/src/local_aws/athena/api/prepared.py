"""PREPARE, EXECUTE, DEALLOCATE: statements under a name, kept with the work group."""

from typing import Any

from local_aws.athena.compile.compiler import identifier
from local_aws.athena.parse.grammar import MalformedQueryError, parse
from local_aws.athena.parse.statements import prepared_word, strip_statement
from local_aws.seam import AwsCalls, AwsError

_DONE = "SELECT 1 WHERE false"


class Prepared:
    """Resolves the statements that are about prepared statements.

    Args:
        calls: where the work group's prepared statements are kept.
    """

    def __init__(self, calls: AwsCalls) -> None:
        self.calls = calls

    def resolve(
        self, sql: str, parameters: tuple[str, ...], work_group: str, region: str
    ) -> tuple[str, tuple[str, ...]]:
        """The statement to run for a text, and its parameters.

        Raises:
            MalformedQueryError: the text is wrong, or names no prepared statement.
        """
        word = prepared_word(sql)
        if not word:
            return sql, parameters
        tree = parse(strip_statement(sql))
        node = tree.root.statement()
        name = identifier(node.identifier()) if node.identifier() else ""
        key: dict[str, Any] = {"StatementName": name, "WorkGroup": work_group}
        if word == "PREPARE":
            text = tree.text(node.statement())
            self.calls(
                "athena", "CreatePreparedStatement", {**key, "QueryStatement": text}, region=region
            )
            return _DONE, ()
        if word == "DEALLOCATE":
            self.calls("athena", "DeletePreparedStatement", key, region=region)
            return _DONE, ()
        given = tuple(tree.text(one) for one in node.expression()) or parameters
        try:
            answer = self.calls("athena", "GetPreparedStatement", key, region=region)
            text = str(answer["PreparedStatement"]["QueryStatement"])
        except (AwsError, AttributeError, KeyError):
            # moto itself fails for a name it does not know.
            raise MalformedQueryError(
                f"PreparedStatement {name} was not found in workGroup {work_group}"
            ) from None
        return text, given
