"""Bytes."""

SCALARS: list[tuple[str, str, str]] = [
    ("to_hex(varbinary) -> varchar", "hex({0})", ""),
    (
        "from_hex(varchar(x)) -> varbinary",
        "trino_from_hex({0})",
        "DuckDB takes an odd number of digits",
    ),
    ("from_hex(varbinary) -> varbinary", "trino_from_hex(decode({0}))", "DuckDB's is of text"),
    ("to_base64(varbinary) -> varchar", "to_base64({0})", ""),
    ("to_base64url(varbinary) -> varchar", "translate(to_base64({0}), '+/', '-_')", "other signs"),
    *(
        row
        for name in ("from_base64", "from_base64url", "from_base32")
        for row in (
            (
                f"{name}(varchar(x)) -> varbinary",
                f"trino_{name}(encode({{0}}))",
                "padding is optional, whatever else is wrong an error",
            ),
            (f"{name}(varbinary) -> varbinary", f"trino_{name}({{0}})", "as above"),
        )
    ),
    ("md5(varbinary) -> varbinary", "unhex(md5({0}))", "bytes, where DuckDB gives hex"),
    ("sha1(varbinary) -> varbinary", "unhex(sha1({0}))", "bytes, where DuckDB gives hex"),
    ("sha256(varbinary) -> varbinary", "unhex(sha256({0}))", "bytes, where DuckDB gives hex"),
    *(
        (f"{name}(varbinary) -> {kind}", f"trino_{name}({{0}})", "DuckDB has no such function")
        for name, kind in (
            ("to_base32", "varchar"),
            ("sha512", "varbinary"),
            ("crc32", "bigint"),
            ("xxhash64", "varbinary"),
            ("murmur3", "varbinary"),
            ("from_big_endian_32", "integer"),
            ("from_big_endian_64", "bigint"),
        )
    ),
    *(
        (
            f"from_ieee754_{bits}(varbinary) -> {kind}",
            f"CAST(trino_from_ieee754_{bits}({{0}}) AS {{type}})",
            "DuckDB has no such function",
        )
        for bits, kind in ((32, "real"), (64, "double"))
    ),
    *(
        (f"{name}({kind}) -> varbinary", f"trino_{name}({{0}})", "DuckDB has no such function")
        for name, kind in (
            ("to_big_endian_32", "integer"),
            ("to_big_endian_64", "bigint"),
            ("to_ieee754_32", "real"),
            ("to_ieee754_64", "double"),
        )
    ),
    *(
        (
            f"hmac_{name}(varbinary, varbinary) -> varbinary",
            f"trino_hmac_{name}({{0}}, {{1}})",
            "DuckDB has no such function",
        )
        for name in ("md5", "sha1", "sha256", "sha512")
    ),
    (
        "from_utf8(varbinary) -> varchar",
        "coalesce(TRY(decode({0})), trino_from_utf8({0}, '\ufffd'))",
        "broken bytes are replaced, where DuckDB fails",
    ),
    (
        "from_utf8(varbinary, varchar(x)) -> varchar",
        "trino_from_utf8({0}, {1})",
        "broken bytes are replaced, where DuckDB fails",
    ),
    (
        "from_utf8(varbinary, bigint) -> varchar",
        "trino_from_utf8_by_code({0}, {1})",
        "broken bytes are replaced, where DuckDB fails",
    ),
    (
        "substr(varbinary, bigint) -> varbinary",
        "trino_substr_bytes({0}, {1}, octet_length({0}))",
        "DuckDB's is of text",
    ),
    (
        "substr(varbinary, bigint, bigint) -> varbinary",
        "trino_substr_bytes({0}, {1}, {2})",
        "DuckDB's is of text",
    ),
    *(
        (
            f"{name}(varbinary, bigint, varbinary) -> varbinary",
            f"trino_{name}_bytes({{0}}, {{1}}, {{2}})",
            "DuckDB's is of text",
        )
        for name in ("lpad", "rpad")
    ),
    ("reverse(varbinary) -> varbinary", "trino_reverse_bytes({0})", "DuckDB's is of text"),
]
