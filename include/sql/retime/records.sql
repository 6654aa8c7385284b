{#- Two CTEs that every statement over the raw events begins with: their fields, and of each record
    why it cannot be used, if it cannot. -#}
fields AS (
{% filter indent(4, first=true) %}{% include data_set ~ "/events.sql" %}{% endfilter %}
),

records AS (
    SELECT
        *,
        CASE
            WHEN is_unreadable THEN 'unreadable'
            WHEN event_time IS NULL THEN 'event_time_missing'
            WHEN event_time < {{ earliest }} THEN 'event_time_too_old'
            WHEN
                event_time >= arrival_time + {{ arrival_seconds + clock_skew }}
                AND event_time / 1000 >= {{ earliest }}
                AND event_time / 1000 < arrival_time + {{ arrival_seconds + clock_skew }}
                THEN 'event_time_in_milliseconds'
            WHEN event_time >= arrival_time + {{ arrival_seconds + clock_skew }} THEN 'event_time_in_future'
            {%- for column in required %}
            WHEN {{ name(column) }} IS NULL THEN {{ literal(column ~ "_missing") }}
            {%- endfor %}
        END AS retime_reason
    FROM fields
)
