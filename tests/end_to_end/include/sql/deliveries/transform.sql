-- One row a parcel.
SELECT
    parcel,
    depot,
    CAST(FROM_UNIXTIME(event_time) AS TIMESTAMP) AS delivered_at,
    weight_kg,
    weight_kg > {{ literal(heavy_kg) }} AS is_heavy,
    1 AS event_count
FROM events
