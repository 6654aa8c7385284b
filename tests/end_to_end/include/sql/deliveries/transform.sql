-- One row a parcel.
SELECT
    parcel,
    depot,
    DATE_ADD('second', event_time, TIMESTAMP '1970-01-01 00:00:00.000') AS delivered_at,
    weight_kg,
    weight_kg > {{ literal(heavy_kg) }} AS is_heavy,
    1 AS event_count
FROM events
