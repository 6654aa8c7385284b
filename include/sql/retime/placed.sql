{#- The CTEs of a slice's rows, from its raw events to where they belong: not yet of the types of the
    published columns. -#}
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
            ) AS retime_copy
        FROM records
        WHERE
            retime_reason IS NULL
            AND is_kept
            AND event_time >= {{ start - look_back }}
            AND event_time < {{ end }}
            AND event_time >= arrival_time - {{ max_lateness }}
    )
    WHERE retime_copy = 1
),

transformed AS (
{% filter indent(4, first=true) %}{% include data_set ~ "/transform.sql" %}{% endfilter %}
),

placed AS (
    SELECT
        *,
        {{ local_time(epoch(event_time_column)) }} AS retime_local_time
    FROM transformed
    WHERE
        {{ epoch(event_time_column) }} >= {{ start }}
        AND {{ epoch(event_time_column) }} < {{ end }}
)
