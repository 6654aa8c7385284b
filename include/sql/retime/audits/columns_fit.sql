-- Protects values: one that its column cannot hold would be published as NULL.
SELECT
    CONCAT(
        retime_misfits,
        ' in the row ',
        ARRAY_JOIN(
            {%- for some in columns | batch(100) %}
            {{ "|| " if not loop.first }}ARRAY[
                {%- for column, type in some %}
                CONCAT({{ literal(column ~ "=") }}, COALESCE(SUBSTR(CAST({{ name(column) }} AS VARCHAR), 1, 100), 'null')){{ "," if not loop.last }}
                {%- endfor %}
            ]
            {%- endfor %},
            ', '
        )
    ) AS bad_row
FROM staged
WHERE retime_misfits IS NOT NULL
