{#- One statement a run. `unread` has the stretches of event time, look-back included, of which the
    table has not yet seen the arrivals from `since` on. -#}
-- Find events that landed after what their partitions were built through.
WITH
{% include "retime/records.sql" %},

-- The events that count: only what decides that is read of them.
counting AS (
    SELECT
        event_time,
        arrival_time
    FROM records
    WHERE
        retime_reason IS NULL
        AND is_kept
        AND event_time >= arrival_time - {{ max_lateness }}
),

unread (stretch, event_start, event_end, since) AS (
    VALUES
    {%- for each in late_stretches %}
    ({{ each.number }}, {{ each.event_start }}, {{ each.event_end }}, {{ each.since }}){{ "," if not loop.last }}
    {%- endfor %}
)

SELECT
    unread.stretch,
    counting.event_time - counting.event_time % {{ late_step }} AS event_start,
    COUNT(*) AS events
FROM counting
INNER JOIN unread
    ON
        counting.event_time >= unread.event_start
        AND counting.event_time < unread.event_end
        AND counting.arrival_time >= unread.since
GROUP BY 1, 2
