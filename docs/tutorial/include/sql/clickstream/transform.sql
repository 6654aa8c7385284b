-- One row an event.
SELECT
    DATE_ADD('second', event_time, TIMESTAMP '1970-01-01 00:00:00.000') AS occurred_at,
    event_id,
    type,
    visitor_id,
    country,
    path,
    referrer,
    experiments,
    CAST(amount AS DECIMAL(9, 2)) AS amount,
    -- No event in the half hour before, and of those in the same second one.
    MIN(event_time) OVER (
        PARTITION BY visitor_id
        ORDER BY event_time
        RANGE BETWEEN {{ literal(visit_gap_seconds) }} PRECEDING AND CURRENT ROW
    ) = event_time
    AND MIN(event_id) OVER (PARTITION BY visitor_id, event_time) = event_id AS begins_visit,
    1 AS event_count
FROM events
