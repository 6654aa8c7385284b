"""The fields of a raw traffic event, in the order of the landed columns, and their types."""

import pyarrow as pa

CLASSES = (1, 2, 3, 4, 5)
COUNT_FIELDS = tuple(f"verkeersintensiteit_klasse{c}" for c in CLASSES)
ARITHMETIC_FIELDS = tuple(f"voertuigsnelheid_rekenkundig_klasse{c}" for c in CLASSES)
HARMONIC_FIELDS = tuple(f"voertuigsnelheid_harmonisch_klasse{c}" for c in CLASSES)

TEXT_FIELDS = ("beschrijvende_id", "tijd_laatst_gewijzigd")
RAW_FIELDS = (
    "beschrijvende_id",
    "unieke_id",
    "lve_nr",
    "tijd_waarneming",
    "tijd_laatst_gewijzigd",
    "actueel_publicatie",
    "beschikbaar",
    "defect",
    "geldig",
    *COUNT_FIELDS,
    *ARITHMETIC_FIELDS,
    *HARMONIC_FIELDS,
    "rekendata_bezettingsgraad",
    "rekendata_beschikbaarheidsgraad",
    "rekendata_onrustigheid",
)

# The integer fields that fit 32 bits whatever happens to a record; the event time does not when a
# point reports it in milliseconds.
NUMBER_FIELDS = tuple(f for f in RAW_FIELDS if f not in TEXT_FIELDS and f != "tijd_waarneming")
NUMBER_ROW = {name: row for row, name in enumerate(NUMBER_FIELDS)}

# The class whose vehicles a field is about: JSON omits such a field when the class is empty.
COUNT_OF_FIELD = {
    field: count
    for fields in (COUNT_FIELDS, ARITHMETIC_FIELDS, HARMONIC_FIELDS)
    for field, count in zip(fields, COUNT_FIELDS, strict=True)
}


def parquet_schema(*, wide_time: bool) -> pa.Schema:
    """Give the column types of the Parquet landing.

    Args:
        wide_time: `tijd_waarneming` as int64, which milliseconds need; int32 otherwise.
    """
    types = dict.fromkeys(RAW_FIELDS, pa.int32())
    types.update(dict.fromkeys(TEXT_FIELDS, pa.string()))
    types["tijd_waarneming"] = pa.int64() if wide_time else pa.int32()
    return pa.schema(list(types.items()))
