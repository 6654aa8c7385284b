-- Stage a slice: transform its events and write them as a generation of their own.
{% if target %}INSERT INTO {{ target }}{% endif %}
WITH
{% include "retime/placed.sql" %}

SELECT
    {%- for column, type in columns %}
    CAST({{ name(column) }} AS {{ type }}) AS {{ name(column) }},
    {%- endfor %}
    CAST(event_count AS BIGINT) AS event_count,
    {%- for key in partition_keys %}
    {{ partition_value(key, "retime_local_time") }} AS {{ name(key) }}{{ "," if not loop.last }}
    {%- endfor %}
FROM placed
