"""Texts."""

from local_aws.athena.compile.tables.collections import joined
from local_aws.athena.types.failing import fail
from local_aws.athena.types.zones import quote

# Java's Character.isWhitespace; DuckDB's trim takes Unicode's spaces alone.
BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2028\u2029\u205f\u3000" + "".join(
    chr(code) for code in range(0x2000, 0x200B) if code != 0x2007
)
# DuckDB's trim takes 20 times as long as this, and casts of what is trimmed repeat it.
_HAS_NO_BLANKS = "regexp_full_match({0}, '[!-~](?s:.*[!-~])?')"
# What DuckDB's levenshtein counts as Trino does, without its limit.
_IS_PLAIN = (
    "strlen({0}) = length({0}) AND strlen({1}) = length({1}) AND length({0}) * length({1}) < 1e6"
)
_BAD = "INVALID_FUNCTION_ARGUMENT"
_PADDING = (
    "CASE WHEN {nulls} THEN NULL WHEN {1} < 0 OR {1} > 2147483647 THEN "
    + fail(_BAD, "'Target length must be in the range [0..2147483647]'", "VARCHAR")
    + " WHEN {2} = '' THEN "
    + fail(_BAD, "'Padding string must not be empty'", "VARCHAR")
    + " ELSE {name}({0}, CAST({1} AS INTEGER), {2}) END"
)
_ONE_CHARACTER = fail(_BAD, "'Input string must be a single character string'", "INTEGER")
_NO_CODE_POINT = fail(_BAD, "'Not a valid Unicode code point: ' || CAST({0} AS VARCHAR)", "VARCHAR")
_NO_DELIMITER = fail(_BAD, "'The delimiter may not be the empty string'", "VARCHAR[]")
_NO_INDEX = fail(_BAD, "'Index must be greater than zero'", "VARCHAR")

_OF_EITHER_KIND = [
    row
    for kind in ("varchar", "char")
    for row in (
        (f"length({kind}(x)) -> bigint", "length({0})", ""),
        (f"lower({kind}(x)) -> {kind}(x)", "lower({0})", ""),
        (
            f"upper({kind}(x)) -> {kind}(x)",
            "replace(upper(replace({0}, 'ß', '\ufdd0')), '\ufdd0', 'ß')",
            "DuckDB makes a capital of ß; U+FDD0 is reserved for use inside of programs",
        ),
        (
            f"reverse({kind}(x)) -> {kind}(x)",
            "array_to_string(list_reverse(string_split({0}, '')), '')",
            "code points; DuckDB reverses what a reader takes for a character",
        ),
        (
            f"substr({kind}(x), bigint) -> varchar(x)",
            (
                "CASE WHEN {1} > 0 THEN substr({0}, least({1}, 4294967295)) "
                "WHEN {1} = 0 OR {1} < -length({0}) THEN left({0}, 0) ELSE substr({0}, {1}) END"
            ),
            "position 0, and one before the start, give '' in Trino",
        ),
        (
            f"substr({kind}(x), bigint, bigint) -> varchar(x)",
            (
                "CASE WHEN {1} > 0 AND {2} > 0 "
                "THEN substr({0}, least({1}, 4294967295), least({2}, 4294967295)) "
                "WHEN {nulls} THEN NULL "
                "WHEN {1} = 0 OR {2} <= 0 OR {1} < -length({0}) THEN '' "
                "ELSE substr({0}, {1}, least({2}, 4294967295)) END"
            ),
            "as above; a negative length gives ''",
        ),
        (f"to_utf8({kind}(x)) -> varbinary", "encode({0})", ""),
        (
            f"lpad({kind}(x), bigint, varchar(y)) -> varchar",
            _PADDING.replace("{name}", "lpad"),
            "errors",
        ),
    )
]
_TRIMS = [
    row
    for name in ("trim", "ltrim", "rtrim")
    for row in (
        (
            f"{name}(varchar(x)) -> varchar(x)",
            f"CASE WHEN {_HAS_NO_BLANKS} THEN {{0}} ELSE {name}({{0}}, {quote(BLANKS)}) END",
            "what Java takes for white space",
        ),
        (f"{name}(varchar(x), varchar(y)) -> varchar(x)", f"{name}({{0}}, {{1}})", ""),
        (
            f"{name}(char(x)) -> varchar(x)",
            f"{name}(rtrim({{0}}, ' '), {quote(BLANKS)})",
            "a char's padding is no part of it",
        ),
        (
            f"{name}(char(x), varchar(y)) -> varchar(x)",
            f"{name}(rtrim({{0}}, ' '), {{1}})",
            "as above",
        ),
    )
]

SCALARS: list[tuple[str, str, str]] = [
    *_OF_EITHER_KIND,
    *_TRIMS,
    ("length(varbinary) -> bigint", "octet_length({0})", "DuckDB's length is of text"),
    (
        "replace(varchar(x), varchar(y)) -> varchar(x)",
        "CASE WHEN {1} = '' THEN {0} ELSE replace({0}, {1}, '') END",
        "DuckDB needs all three",
    ),
    (
        "replace(varchar(x), varchar(y), varchar(z)) -> varchar(replaced)",
        ("CASE WHEN {1} = '' THEN trino_replace({0}, {1}, {2}) ELSE replace({0}, {1}, {2}) END"),
        "the empty text is found around every character",
    ),
    (
        "translate(varchar(x), varchar(y), varchar(z)) -> varchar",
        "translate({0}, {1}, {2})",
        "",
    ),
    ("strpos(varchar(x), varchar(y)) -> bigint", "strpos({0}, {1})", ""),
    (
        "strpos(varchar(x), varchar(y), bigint) -> bigint",
        "trino_strpos({0}, {1}, {2})",
        "DuckDB finds the first",
    ),
    (
        "split(varchar(x), varchar(y)) -> array(varchar(x))",
        (
            f"CASE WHEN {{nulls}} THEN NULL WHEN {{1}} = '' THEN {_NO_DELIMITER} "
            "ELSE string_split({0}, {1}) END"
        ),
        "errors",
    ),
    (
        "split(varchar(x), varchar(y), bigint) -> array(varchar(x))",
        "trino_split({0}, {1}, {2})",
        "the last part keeps the rest; DuckDB has no limit",
    ),
    (
        "split_part(varchar(x), varchar(y), bigint) -> varchar(x)",
        (
            f"CASE WHEN {{nulls}} OR ({{0}} = '' AND {{1}} = '') THEN NULL "
            f"WHEN {{2}} <= 0 THEN {_NO_INDEX} ELSE string_split({{0}}, {{1}})[{{2}}] END"
        ),
        "NULL beyond the last part, where DuckDB gives ''; errors",
    ),
    (
        "split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)",
        "trino_split_to_map({0}, {1}, {2})",
        "DuckDB has no such function",
    ),
    (
        "split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar))",
        "trino_split_to_multimap({0}, {1}, {2})",
        "DuckDB has no such function",
    ),
    (
        "rpad(varchar(x), bigint, varchar(y)) -> varchar",
        _PADDING.replace("{name}", "rpad"),
        "errors",
    ),
    ("starts_with(varchar(x), varchar(y)) -> boolean", "starts_with({0}, {1})", ""),
    (
        "chr(bigint) -> varchar(1)",
        (
            "CASE WHEN {0} < 0 OR {0} > 1114111 OR ({0} >= 55296 AND {0} <= 57343) "
            f"THEN {_NO_CODE_POINT} ELSE chr(CAST({{0}} AS INTEGER)) END"
        ),
        "errors",
    ),
    (
        "codepoint(varchar(1)) -> integer",
        f"CASE WHEN {{0}} = '' THEN {_ONE_CHARACTER} ELSE unicode({{0}}) END",
        "errors",
    ),
    (
        "levenshtein_distance(varchar(x), varchar(y)) -> bigint",
        (
            f"CASE WHEN {_IS_PLAIN} THEN levenshtein({{0}}, {{1}}) "
            "ELSE trino_levenshtein({0}, {1}) END"
        ),
        "of characters; DuckDB's is of bytes",
    ),
    (
        "hamming_distance(varchar(x), varchar(y)) -> bigint",
        "trino_hamming({0}, {1})",
        "of characters; DuckDB's is of bytes",
    ),
    ("soundex(varchar) -> varchar(4)", "trino_soundex({0})", "DuckDB has no such function"),
    ("luhn_check(varchar) -> boolean", "trino_luhn_check({0})", "DuckDB has no such function"),
    ("concat_ws(varchar, array(varchar)) -> varchar", joined("{1}", "{0}"), "as ARRAY_JOIN"),
    ("concat_ws(varchar, varchar...) -> varchar", "concat_ws({0}, {1...})", ""),
    (
        "ngrams(array(T), integer) -> array(array(T))",
        (
            "CASE WHEN {1} <= 0 THEN "
            + fail(_BAD, "'N must be positive'", "{type}")
            + " WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN list_transform(range(1, greatest("
            "len({0}) - {1} + 2, 2)), lambda x: {0}[x:x + {1} - 1]) END"
        ),
        "DuckDB has no such function",
    ),
    ("uuid() -> uuid", "uuid()", ""),
]
