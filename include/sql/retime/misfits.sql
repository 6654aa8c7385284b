-- Find rows of a slice with values that their columns cannot hold.
WITH
{% include "retime/placed.sql" %}

SELECT
    {%- for column, type in columns + [("event_count", "BIGINT")] %}
    TRY_CAST({{ name(column) }} AS VARCHAR) AS {{ name(column) }},
    TRY(CAST({{ name(column) }} AS {{ type }}) IS NULL) IS NULL AS {{ name("retime_misfit_%d" % loop.index) }}{{ "," if not loop.last }}
    {%- endfor %}
FROM placed
WHERE
    {%- for column, type in columns + [("event_count", "BIGINT")] %}
    {{ "OR " if not loop.first }}TRY(CAST({{ name(column) }} AS {{ type }}) IS NULL) IS NULL
    {%- endfor %}
ORDER BY {{ name(event_time_column) }}
LIMIT 3
