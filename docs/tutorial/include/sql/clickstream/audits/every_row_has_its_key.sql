-- Protects queries that join or count by event_id.
SELECT CONCAT('no key at ', CAST(occurred_at AS VARCHAR)) AS bad_row
FROM staged
WHERE
    TRIM(CAST(event_id AS VARCHAR)) = ''
