"""URLs."""

SCALARS: list[tuple[str, str, str]] = [
    ("url_encode(varchar) -> varchar", "url_encode({0})", ""),
    ("url_decode(varchar) -> varchar", "url_decode({0})", ""),
]
