-- Audit a staged slice: counts of the raw events, what was staged, and the audits' bad rows.
WITH
fields AS (
    -- The fields of a raw event that the published table depends on. A field that is missing, null or
    -- not a whole number is NULL.
    SELECT
        CAST(TO_UNIXTIME(CAST(CONCAT(LPAD(CAST("year" AS VARCHAR), 4, '0'), '-', LPAD(CAST("month" AS VARCHAR), 2, '0'), '-', LPAD(CAST("day" AS VARCHAR), 2, '0'), ' ', LPAD(CAST("hour" AS VARCHAR), 2, '0'), ':00:00') AS TIMESTAMP)) AS BIGINT) AS arrival_time,
        "$path" AS source_file,
        FALSE AS is_unreadable,
        CONCAT('tijd_waarneming=', COALESCE(CAST("tijd_waarneming" AS VARCHAR), 'null'), ', unieke_id=', COALESCE(CAST("unieke_id" AS VARCHAR), 'null'), ', lve_nr=', COALESCE(CAST("lve_nr" AS VARCHAR), 'null')) AS record,
        CAST("tijd_waarneming" AS BIGINT) AS event_time,
        CAST("unieke_id" AS BIGINT) AS unieke_id,
        CAST("lve_nr" AS BIGINT) AS lve_nr,
        TO_UNIXTIME(TRY(FROM_ISO8601_TIMESTAMP("tijd_laatst_gewijzigd"))) AS changed_at,
        CAST("verkeersintensiteit_klasse2" AS BIGINT) AS intensity2,
        CAST("voertuigsnelheid_rekenkundig_klasse2" AS BIGINT) AS speed2,
        CAST("verkeersintensiteit_klasse3" AS BIGINT) AS intensity3,
        CAST("voertuigsnelheid_rekenkundig_klasse3" AS BIGINT) AS speed3,
        CAST("verkeersintensiteit_klasse4" AS BIGINT) AS intensity4,
        CAST("voertuigsnelheid_rekenkundig_klasse4" AS BIGINT) AS speed4,
        CAST("verkeersintensiteit_klasse5" AS BIGINT) AS intensity5,
        CAST("voertuigsnelheid_rekenkundig_klasse5" AS BIGINT) AS speed5,
        COALESCE(
            CAST("rekendata_bezettingsgraad" AS BIGINT) > -1
            AND CAST("defect" AS BIGINT) = 0,
            FALSE
        ) AS is_kept
    FROM "db"."traffic_raw"
    WHERE (
            ("year" = 2024 AND "month" = 2 AND "day" = 27 AND "hour" = 23)
            OR ("year" = 2024 AND "month" = 2 AND "day" BETWEEN 28 AND 29)
            OR ("year" = 2024 AND "month" = 3 AND "day" BETWEEN 1 AND 3)
        )
),

records AS (
    SELECT
        *,
        CASE
            WHEN is_unreadable THEN 'unreadable'
            WHEN event_time IS NULL THEN 'event_time_missing'
            WHEN event_time < 1262304000 THEN 'event_time_too_old'
            WHEN
                event_time >= arrival_time + 5400
                AND event_time / 1000 >= 1262304000
                AND event_time / 1000 < arrival_time + 5400
                THEN 'event_time_in_milliseconds'
            WHEN event_time >= arrival_time + 5400 THEN 'event_time_in_future'
            WHEN "unieke_id" IS NULL THEN 'unieke_id_missing'
            WHEN "lve_nr" IS NULL THEN 'lve_nr_missing'
        END AS retime_reason
    FROM fields
),

classified AS (
    SELECT
        *,
        CASE
            WHEN
                retime_reason IS NOT NULL
                AND arrival_time >= 1709078400
                AND arrival_time < 1709337600
                THEN 'quarantined'
            WHEN retime_reason IS NOT NULL OR event_time < 1709078400 OR event_time >= 1709337600
                THEN 'outside'
            WHEN event_time < arrival_time - 172800 THEN 'too_late'
            WHEN NOT is_kept THEN 'filtered'
            ELSE 'accepted'
        END AS retime_disposition,
        -- Of what arrived during the slice later than the max lateness: arrival and event date.
        CASE
            WHEN
                retime_reason IS NULL
                AND is_kept
                AND event_time < arrival_time - 172800
                AND arrival_time >= 1709078400
                AND arrival_time < 1709337600
                THEN CONCAT(SUBSTR(CAST(FROM_UNIXTIME(arrival_time) AT TIME ZONE 'UTC' AS VARCHAR), 1, 10), '/', SUBSTR(CAST(FROM_UNIXTIME(event_time) AT TIME ZONE 'UTC' AS VARCHAR), 1, 10))
        END AS retime_late_beyond
    FROM records
),

-- Grouping the accepted events by their key counts the keys, and so the duplicates, in one pass.
by_key AS (
    SELECT
        retime_disposition,
        retime_late_beyond,
        COUNT(*) AS events,
        COUNT_IF(event_time < arrival_time - 3600) AS late,
        COUNT_IF(arrival_time >= 1709078400 AND arrival_time < 1709337600) AS arrived
    FROM classified
    GROUP BY
        retime_disposition,
        retime_late_beyond,
        CASE WHEN retime_disposition = 'accepted' THEN "unieke_id" END,
        CASE WHEN retime_disposition = 'accepted' THEN "event_time" END
),

staged AS (
    SELECT
        "uniqueid",
        "recordtimestamp",
        "currentspeed",
        "bezettingsgraad",
        "previousspeed",
        "trafficjamindicator",
        "trafficjamindicatorlong",
        "trafficintensityclass2",
        "trafficintensityclass3",
        "trafficintensityclass4",
        "trafficintensityclass5",
        "speeddiffindicator",
        "avgspeed3minutes",
        "avgspeed20minutes",
        event_count,
        "year", "month", "day"
    FROM "db"."traffic__golden"
),

"audit_in_its_partition" AS (
    SELECT
        bad_row,
        ROW_NUMBER() OVER (ORDER BY bad_row) AS row_number
    FROM (
        -- Protects queries that filter on the partition: a row elsewhere is not found by its time.
        SELECT
            CONCAT(
                'event time ', CAST("recordtimestamp" AS VARCHAR), ' in ',
                'year=', CAST("year" AS VARCHAR), '/',
                'month=', CAST("month" AS VARCHAR), '/',
                'day=', CAST("day" AS VARCHAR), '/'
            ) AS bad_row
        FROM staged
        WHERE
            "year" != YEAR(FROM_UNIXTIME("recordtimestamp") AT TIME ZONE 'UTC')
            OR "month" != MONTH(FROM_UNIXTIME("recordtimestamp") AT TIME ZONE 'UTC')
            OR "day" != DAY(FROM_UNIXTIME("recordtimestamp") AT TIME ZONE 'UTC')
    )
),

"audit_inside_slice" AS (
    SELECT
        bad_row,
        ROW_NUMBER() OVER (ORDER BY bad_row) AS row_number
    FROM (
        -- Protects the dates next to the slice: a row of theirs would be published twice.
        SELECT CONCAT('event time ', CAST("recordtimestamp" AS VARCHAR)) AS bad_row
        FROM staged
        WHERE
            "recordtimestamp" IS NULL
            OR "recordtimestamp" < 1709078400
            OR "recordtimestamp" >= 1709337600
    )
),

"audit_one_row_per_section_and_minute" AS (
    SELECT
        bad_row,
        ROW_NUMBER() OVER (ORDER BY bad_row) AS row_number
    FROM (
        -- Protects sums and means over the table: a section must not count twice in a minute.
        SELECT
            CONCAT(
                'uniqueid ', CAST(uniqueid AS VARCHAR), ' at ', CAST(recordtimestamp AS VARCHAR), ': ',
                CAST(COUNT(*) AS VARCHAR), ' rows'
            ) AS bad_row
        FROM staged
        GROUP BY uniqueid, recordtimestamp
        HAVING COUNT(*) > 1
    )
),

"audit_values_in_their_domains" AS (
    SELECT
        bad_row,
        ROW_NUMBER() OVER (ORDER BY bad_row) AS row_number
    FROM (
        -- Protects whoever reads a value without checking it: codes are not speeds, counts are not negative.
        SELECT
            CONCAT('uniqueid ', CAST(uniqueid AS VARCHAR), ' at ', CAST(recordtimestamp AS VARCHAR)) AS bad_row
        FROM staged
        WHERE NOT COALESCE(
            uniqueid > 0
            AND recordtimestamp % 60 = 0
            AND COALESCE(currentspeed BETWEEN 1 AND 250, TRUE)
            AND COALESCE(previousspeed BETWEEN 1 AND 250, TRUE)
            AND COALESCE(avgspeed3minutes BETWEEN 1 AND 250, TRUE)
            AND COALESCE(avgspeed20minutes BETWEEN 1 AND 250, TRUE)
            AND bezettingsgraad >= 0
            AND trafficintensityclass2 >= 0
            AND trafficintensityclass3 >= 0
            AND trafficintensityclass4 >= 0
            AND trafficintensityclass5 >= 0
            AND trafficjamindicator IN (-1, 0, 1)
            AND trafficjamindicatorlong IN (-1, 0, 1)
            AND speeddiffindicator IN (-1, 0, 1),
            FALSE
        )
    )
)

SELECT
    'events' AS kind,
    retime_disposition AS name,
    SUM(events) AS row_count,
    COUNT(*) AS key_count,
    SUM(late) AS late_count,
    SUM(arrived) AS arrived_count,
    retime_late_beyond AS examples
FROM by_key
GROUP BY retime_disposition, retime_late_beyond
UNION ALL
SELECT
    'staged' AS kind,
CAST("year" AS VARCHAR) || '/' || CAST("month" AS VARCHAR) || '/' || CAST("day" AS VARCHAR) AS name,
    COUNT(*) AS row_count,
    SUM(event_count) AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    CAST(NULL AS VARCHAR) AS examples
FROM "db"."traffic__golden"
GROUP BY "year", "month", "day"
UNION ALL
SELECT
    'quarantined' AS kind,
CAST("year" AS VARCHAR) || '/' || CAST("month" AS VARCHAR) || '/' || CAST("day" AS VARCHAR) AS name,
    COUNT(*) AS row_count,
    0 AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    CAST(NULL AS VARCHAR) AS examples
FROM "db"."traffic_quarantine__golden"
GROUP BY "year", "month", "day"
UNION ALL
SELECT
    'reason' AS kind,
    reason AS name,
    COUNT(*) AS row_count,
    0 AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    ARRAY_JOIN(MIN(SUBSTR(COALESCE(record, 'null'), 1, 200), 3), ' | ') AS examples
FROM "db"."traffic_quarantine__golden"
GROUP BY reason
UNION ALL
SELECT
    'audit' AS kind,
    'in_its_partition' AS name,
    COUNT(*) AS row_count,
    0 AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    ARRAY_JOIN(ARRAY_AGG(bad_row ORDER BY bad_row) FILTER (WHERE row_number <= 3), ' | ') AS examples
FROM "audit_in_its_partition"
UNION ALL
SELECT
    'audit' AS kind,
    'inside_slice' AS name,
    COUNT(*) AS row_count,
    0 AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    ARRAY_JOIN(ARRAY_AGG(bad_row ORDER BY bad_row) FILTER (WHERE row_number <= 3), ' | ') AS examples
FROM "audit_inside_slice"
UNION ALL
SELECT
    'audit' AS kind,
    'one_row_per_section_and_minute' AS name,
    COUNT(*) AS row_count,
    0 AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    ARRAY_JOIN(ARRAY_AGG(bad_row ORDER BY bad_row) FILTER (WHERE row_number <= 3), ' | ') AS examples
FROM "audit_one_row_per_section_and_minute"
UNION ALL
SELECT
    'audit' AS kind,
    'values_in_their_domains' AS name,
    COUNT(*) AS row_count,
    0 AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    ARRAY_JOIN(ARRAY_AGG(bad_row ORDER BY bad_row) FILTER (WHERE row_number <= 3), ' | ') AS examples
FROM "audit_values_in_their_domains"
