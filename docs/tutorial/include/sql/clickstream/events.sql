-- The fields of a raw event that the published table needs.
SELECT
    {{ arrival }},
    {{ found("eventId", "occurredAt", "visitor.id") }} AS record,
    {{ event_time_iso8601("occurredAt") }} AS event_time,
    {{ string("eventId") }} AS event_id,
    {{ string("type") }} AS type,
    {{ string("visitor.id") }} AS visitor_id,
    {{ string("visitor.country") }} AS country,
    {{ string("page.path") }} AS path,
    {{ string("page.referrer") }} AS referrer,
    {{ field("experiments") }} AS experiments,
    {{ number("amount") }} AS amount,
    COALESCE({{ string("visitor.userAgent") }}, '') NOT LIKE '%Bot/%' AS is_kept
FROM {{ raw }}
WHERE {{ arrived }}
