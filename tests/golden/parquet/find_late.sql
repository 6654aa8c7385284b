-- Find events that landed after what their partitions were built through.
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
    WHERE ((
            ("year" = 2024 AND "month" = 3 AND "day" = 1 AND "hour" BETWEEN 12 AND 23)
            OR ("year" = 2024 AND "month" = 3 AND "day" BETWEEN 2 AND 3)
        ))
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

-- The events that count: only what decides that is read of them.
counting AS (
    SELECT
        event_time,
        arrival_time
    FROM records
    WHERE
        retime_reason IS NULL
        AND is_kept
        AND event_time >= arrival_time - 172800
),

unread (stretch, event_start, event_end, since) AS (
    VALUES
    (0, 1709077200, 1709337600, 1709294400)
)

SELECT
    unread.stretch,
    counting.event_time - counting.event_time % 300 AS event_start,
    COUNT(*) AS events
FROM counting
INNER JOIN unread
    ON
        counting.event_time >= unread.event_start
        AND counting.event_time < unread.event_end
        AND counting.arrival_time >= unread.since
GROUP BY 1, 2
