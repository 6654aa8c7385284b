-- Find rows of a slice with values that their columns cannot hold.
{% set checked = columns + [("event_count", "BIGINT")] -%}
WITH
{% include "retime/placed.sql" %}

SELECT
    {%- for column, type in checked %}
    {{ texts[column] }} AS {{ name(column) }},
    TRY(CAST({{ name(column) }} AS {{ type }}) IS NULL) IS NULL AS {{ name("retime_misfit_%d" % loop.index) }}{{ "," if not loop.last }}
    {%- endfor %}
FROM placed
WHERE
    {%- for column, type in checked %}
    {{ "OR " if not loop.first }}TRY(CAST({{ name(column) }} AS {{ type }}) IS NULL) IS NULL
    {%- endfor %}
ORDER BY {{ name(event_time_column) }}
LIMIT 3
