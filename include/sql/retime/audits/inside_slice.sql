-- Protects the dates next to the slice: a row of theirs would be published twice.
SELECT CONCAT('event time ', CAST({{ epoch(event_time_column) }} AS VARCHAR)) AS bad_row
FROM staged
WHERE
    {{ epoch(event_time_column) }} IS NULL
    OR {{ epoch(event_time_column) }} < {{ start }}
    OR {{ epoch(event_time_column) }} >= {{ end }}
