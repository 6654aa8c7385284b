-- Find events that landed after what their partitions were built through.
WITH
fields AS (
    -- The fields of a raw event that the published table depends on. A field that is missing, null or
    -- not a whole number is NULL.
    SELECT
        CAST(TO_UNIXTIME(CAST(CONCAT(LPAD(CAST("year" AS VARCHAR), 4, '0'), '-', LPAD(CAST("month" AS VARCHAR), 2, '0'), '-', LPAD(CAST("day" AS VARCHAR), 2, '0'), ' ', LPAD(CAST("hour" AS VARCHAR), 2, '0'), ':00:00') AS TIMESTAMP)) AS BIGINT) AS arrival_time,
        "$path" AS source_file,
        "beschrijvende_id" IS NULL AND "tijd_laatst_gewijzigd" IS NULL AND "unieke_id" IS NULL AND "lve_nr" IS NULL AND "tijd_waarneming" IS NULL AND "actueel_publicatie" IS NULL AND "beschikbaar" IS NULL AND "defect" IS NULL AND "geldig" IS NULL AND "verkeersintensiteit_klasse1" IS NULL AND "verkeersintensiteit_klasse2" IS NULL AND "verkeersintensiteit_klasse3" IS NULL AND "verkeersintensiteit_klasse4" IS NULL AND "verkeersintensiteit_klasse5" IS NULL AND "voertuigsnelheid_rekenkundig_klasse1" IS NULL AND "voertuigsnelheid_rekenkundig_klasse2" IS NULL AND "voertuigsnelheid_rekenkundig_klasse3" IS NULL AND "voertuigsnelheid_rekenkundig_klasse4" IS NULL AND "voertuigsnelheid_rekenkundig_klasse5" IS NULL AND "voertuigsnelheid_harmonisch_klasse1" IS NULL AND "voertuigsnelheid_harmonisch_klasse2" IS NULL AND "voertuigsnelheid_harmonisch_klasse3" IS NULL AND "voertuigsnelheid_harmonisch_klasse4" IS NULL AND "voertuigsnelheid_harmonisch_klasse5" IS NULL AND "rekendata_bezettingsgraad" IS NULL AND "rekendata_beschikbaarheidsgraad" IS NULL AND "rekendata_onrustigheid" IS NULL AS is_unreadable,
        CONCAT('tijd_waarneming=', COALESCE(CAST("tijd_waarneming" AS VARCHAR), 'null'), ', unieke_id=', COALESCE(CAST("unieke_id" AS VARCHAR), 'null'), ', lve_nr=', COALESCE(CAST("lve_nr" AS VARCHAR), 'null')) AS record,
        TRY_CAST(TRIM("tijd_waarneming") AS BIGINT) AS event_time,
        TRY_CAST(TRIM("unieke_id") AS BIGINT) AS unieke_id,
        TRY_CAST(TRIM("lve_nr") AS BIGINT) AS lve_nr,
        TO_UNIXTIME(TRY(FROM_ISO8601_TIMESTAMP("tijd_laatst_gewijzigd"))) AS changed_at,
        TRY_CAST(TRIM("verkeersintensiteit_klasse2") AS BIGINT) AS intensity2,
        TRY_CAST(TRIM("voertuigsnelheid_rekenkundig_klasse2") AS BIGINT) AS speed2,
        TRY_CAST(TRIM("verkeersintensiteit_klasse3") AS BIGINT) AS intensity3,
        TRY_CAST(TRIM("voertuigsnelheid_rekenkundig_klasse3") AS BIGINT) AS speed3,
        TRY_CAST(TRIM("verkeersintensiteit_klasse4") AS BIGINT) AS intensity4,
        TRY_CAST(TRIM("voertuigsnelheid_rekenkundig_klasse4") AS BIGINT) AS speed4,
        TRY_CAST(TRIM("verkeersintensiteit_klasse5") AS BIGINT) AS intensity5,
        TRY_CAST(TRIM("voertuigsnelheid_rekenkundig_klasse5") AS BIGINT) AS speed5,
        COALESCE(
            TRY_CAST(TRIM("rekendata_bezettingsgraad") AS BIGINT) > -1
            AND TRY_CAST(TRIM("defect") AS BIGINT) = 0
            AND TRY_CAST(TRIM("unieke_id") AS BIGINT) IN (32, 37, 216, 217, 753, 1065, 1132, 1840, 2125, 2161, 3159, 3388, 3391),
            FALSE
        ) AS is_kept
    FROM "db"."traffic_raw"
    WHERE ((
            ("year" = '2024' AND "month" = '10' AND "day" = '28' AND "hour" BETWEEN '01' AND '23')
            OR ("year" = '2024' AND "month" = '10' AND "day" = '29' AND "hour" BETWEEN '00' AND '22')
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
    (0, 1729978800, 1730070000, 1730077200)
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
