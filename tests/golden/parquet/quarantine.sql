-- Stage what cannot be used of the records that arrived during a slice, with the reason.
INSERT INTO "db"."traffic_quarantine__golden"
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

placed AS (
    SELECT
        *,
        FROM_UNIXTIME(arrival_time) AT TIME ZONE 'UTC' AS retime_local_time
    FROM records
    WHERE retime_reason IS NOT NULL AND arrival_time >= 1709078400 AND arrival_time < 1709337600
)

SELECT
    CAST(retime_reason AS VARCHAR) AS reason,
    CAST(record AS VARCHAR) AS record,
    event_time,
    arrival_time,
    CAST(source_file AS VARCHAR) AS source_file,
    YEAR(retime_local_time) AS "year",
    MONTH(retime_local_time) AS "month",
    DAY(retime_local_time) AS "day"
FROM placed
