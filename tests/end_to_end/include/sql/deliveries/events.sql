-- What a scanner told of a parcel.
SELECT
    {{ arrival }},
    {{ found("parcel", "delivered_at") }} AS record,
    {{ event_time_iso8601("delivered_at") }} AS event_time,
    {{ string("parcel") }} AS parcel,
    {{ string("depot") }} AS depot,
    {{ number("weight_kg") }} AS weight_kg,
    COALESCE({{ string("depot") }}, '') != 'test' AS is_kept
FROM {{ raw }}
WHERE {{ arrived }}
