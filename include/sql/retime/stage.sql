-- Stage a slice: transform its events and write them as a generation of their own.
INSERT INTO {{ target }}
WITH
{% include "retime/placed.sql" %}

SELECT
    {%- for column, type in columns %}
    CAST({{ name(column) }} AS {{ type }}) AS {{ name(column) }},
    {%- endfor %}
    CAST(event_count AS BIGINT) AS event_count,
    {%- for key in partition_keys %}
    {{ key | upper }}(local_time) AS {{ name(key) }}{{ "," if not loop.last }}
    {%- endfor %}
FROM placed
