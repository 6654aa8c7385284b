-- Protects queries that filter on the partition: a row elsewhere is not found by its time.
SELECT
    CONCAT(
        'event time ', CAST({{ epoch(event_time_column) }} AS VARCHAR), ' in '
        {%- for key in partition_keys %},
        '{{ key }}=', CAST({{ name(key) }} AS VARCHAR), '/'
        {%- endfor %}
    ) AS bad_row
FROM staged
WHERE
    {%- for key in partition_keys %}
    {{ "OR " if not loop.first }}{{ name(key) }} != {{ partition_value(key, local_time(epoch(event_time_column))) }}
    {%- endfor %}
