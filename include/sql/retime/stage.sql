-- Stage a slice: transform its events and write them as a generation of their own.
INSERT INTO {{ target }}
WITH
{% include "retime/records.sql" %},

-- The usable events of the slice and of its look-back, one for each key.
events AS (
    SELECT *
    FROM (
        SELECT
            *,
            ROW_NUMBER() OVER (
                PARTITION BY {{ names(key) }}
                ORDER BY
                    {%- for column in latest %}
                    {{ name(column) }} DESC NULLS LAST{{ "," if not loop.last }}
                    {%- endfor %}
            ) AS copy_number
        FROM records
        WHERE
            reason IS NULL
            AND is_kept
            AND event_time >= {{ start - look_back }}
            AND event_time < {{ end }}
            AND event_time >= arrival_time - {{ max_lateness }}
    )
    WHERE copy_number = 1
),

transformed AS (
{% filter indent(4, first=true) %}{% include data_set ~ "/transform.sql" %}{% endfilter %}
),

placed AS (
    SELECT
        *,
        {{ local_time(epoch(event_time_column)) }} AS local_time
    FROM transformed
    WHERE
        {{ epoch(event_time_column) }} >= {{ start }}
        AND {{ epoch(event_time_column) }} < {{ end }}
)

SELECT
    {%- for column, type in columns %}
    TRY_CAST({{ name(column) }} AS {{ type }}) AS {{ name(column) }},
    {%- endfor %}
    TRY_CAST(event_count AS BIGINT) AS event_count,
    -- What its column cannot hold is NULL above; the audit columns_fit finds it by this.
    NULLIF(
        ARRAY_JOIN(
            {%- for some in (columns + [("event_count", "BIGINT")]) | batch(100) %}
            {{ "|| " if not loop.first }}ARRAY[
                {%- for column, type in some %}
                CASE
                    WHEN {{ name(column) }} IS NOT NULL AND TRY_CAST({{ name(column) }} AS {{ type }}) IS NULL
                        THEN CONCAT({{ literal(column ~ " ") }}, COALESCE(SUBSTR(TRY_CAST({{ name(column) }} AS VARCHAR), 1, 100), '?'), {{ literal(" is no " ~ type) }})
                END{{ "," if not loop.last }}
                {%- endfor %}
            ]
            {%- endfor %},
            ', '
        ),
        ''
    ) AS retime_misfits,
    {%- for key in partition_keys %}
    {{ key | upper }}(local_time) AS {{ name(key) }}{{ "," if not loop.last }}
    {%- endfor %}
FROM placed
