"""Bytes."""

SCALARS: list[tuple[str, str, str]] = [
    ("to_hex(varbinary) -> varchar", "hex({0})", ""),
    ("from_hex(varchar) -> varbinary", "unhex({0})", ""),
    ("to_base64(varbinary) -> varchar", "to_base64({0})", ""),
    ("from_base64(varchar) -> varbinary", "from_base64({0})", ""),
    ("md5(varbinary) -> varbinary", "unhex(md5({0}))", "bytes, where DuckDB gives hex"),
    ("sha1(varbinary) -> varbinary", "unhex(sha1({0}))", "bytes, where DuckDB gives hex"),
    ("sha256(varbinary) -> varbinary", "unhex(sha256({0}))", "bytes, where DuckDB gives hex"),
]
