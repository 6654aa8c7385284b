-- Stage a slice: transform its events and write them as a generation of their own.
INSERT INTO "db"."traffic__golden"
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

-- The usable events of the slice and of its look-back, one for each key.
events AS (
    SELECT *
    FROM (
        SELECT
            *,
            ROW_NUMBER() OVER (
                PARTITION BY "unieke_id", "event_time"
                ORDER BY
                    "changed_at" DESC NULLS LAST,
                    "lve_nr" DESC NULLS LAST,
                    "intensity2" DESC NULLS LAST,
                    "intensity3" DESC NULLS LAST,
                    "intensity4" DESC NULLS LAST,
                    "intensity5" DESC NULLS LAST,
                    "speed2" DESC NULLS LAST,
                    "speed3" DESC NULLS LAST,
                    "speed4" DESC NULLS LAST,
                    "speed5" DESC NULLS LAST
            ) AS retime_copy
        FROM records
        WHERE
            retime_reason IS NULL
            AND is_kept
            AND event_time >= 1709077200
            AND event_time < 1709337600
            AND event_time >= arrival_time - 172800
    )
    WHERE retime_copy = 1
),

transformed AS (
    -- Lanes to road sections: one row per section and minute. Means are taken so that they are exact
    -- and do not depend on the order of the rows, or a rerun would differ in the last bit.
    WITH
    -- What each lane counted in its minute. A speed counts where the class has vehicles and the
    -- number is a speed: 251 and up are codes, 0 is reported when no speed is known.
    lanes AS (
        SELECT
            unieke_id,
            lve_nr,
            event_time - event_time % 60 AS minute_start,
            CASE WHEN intensity2 > 0 THEN intensity2 ELSE 0 END
                AS vehicles2,
            CASE
                WHEN intensity2 > 0 AND speed2 BETWEEN 1 AND 250
                    THEN speed2
            END AS speed2,
            CASE WHEN intensity3 > 0 THEN intensity3 ELSE 0 END
                AS vehicles3,
            CASE
                WHEN intensity3 > 0 AND speed3 BETWEEN 1 AND 250
                    THEN speed3
            END AS speed3,
            CASE WHEN intensity4 > 0 THEN intensity4 ELSE 0 END
                AS vehicles4,
            CASE
                WHEN intensity4 > 0 AND speed4 BETWEEN 1 AND 250
                    THEN speed4
            END AS speed4,
            CASE WHEN intensity5 > 0 THEN intensity5 ELSE 0 END
                AS vehicles5,
            CASE
                WHEN intensity5 > 0 AND speed5 BETWEEN 1 AND 250
                    THEN speed5
            END AS speed5
        FROM events
    ),

    -- The sum of the lane's known speeds, and how many there are.
    lane_speeds AS (
        SELECT
            *,
            COALESCE(speed2, 0) + COALESCE(speed3, 0) + COALESCE(speed4, 0) + COALESCE(speed5, 0)
                AS speed_sum,
            CASE WHEN speed2 IS NULL THEN 0 ELSE 1 END
            + CASE WHEN speed3 IS NULL THEN 0 ELSE 1 END
            + CASE WHEN speed4 IS NULL THEN 0 ELSE 1 END
            + CASE WHEN speed5 IS NULL THEN 0 ELSE 1 END AS speed_count
        FROM lanes
    ),

    -- One row per section and minute. A lane's mean of 1 to 4 speeds, times 12, is a whole number, so
    -- that the section's mean is one division of two exact sums.
    sections AS (
        SELECT
            lve_nr,
            minute_start,
            COUNT(*) AS event_count,
            MAX(unieke_id) AS uniqueid,
            CAST(SUM(speed_sum * 12 / NULLIF(speed_count, 0)) AS DOUBLE)
            / NULLIF(12 * SUM(CASE WHEN speed_count > 0 THEN 1 ELSE 0 END), 0) AS currentspeed,
            SUM(vehicles2) AS vehicles2,
            SUM(vehicles3) AS vehicles3,
            SUM(vehicles4) AS vehicles4,
            SUM(vehicles5) AS vehicles5
        FROM lane_speeds
        GROUP BY lve_nr, minute_start
    ),

    -- Speeds of the minutes before, bounded in time: a gap does not stretch a window. Sums of decimals
    -- are exact in any order, sums of doubles are not.
    windowed AS (
        SELECT
            *,
            LAG(currentspeed) OVER section AS last_speed,
            LAG(minute_start) OVER section AS last_start,
            SUM(CAST(currentspeed AS DECIMAL(38, 15))) OVER last3 AS speeds3,
            COUNT(currentspeed) OVER last3 AS count3,
            SUM(CAST(currentspeed AS DECIMAL(38, 15))) OVER last20 AS speeds20,
            COUNT(currentspeed) OVER last20 AS count20
        FROM sections
        WINDOW
            section AS (PARTITION BY lve_nr ORDER BY minute_start),
            last3 AS (
                PARTITION BY lve_nr ORDER BY minute_start
                RANGE BETWEEN 179 PRECEDING AND CURRENT ROW
            ),
            last20 AS (
                PARTITION BY lve_nr ORDER BY minute_start
                RANGE BETWEEN 1199 PRECEDING AND CURRENT ROW
            )
    ),

    measures AS (
        SELECT
            *,
            CASE WHEN last_start >= minute_start - 1200 THEN last_speed END AS previousspeed,
            CAST(speeds3 AS DOUBLE) / NULLIF(count3, 0) AS avgspeed3minutes,
            CAST(speeds20 AS DOUBLE) / NULLIF(count20, 0) AS avgspeed20minutes
        FROM windowed
    )

    SELECT
        uniqueid,
        minute_start AS recordtimestamp,
        currentspeed,
        ROUND(
            CAST(vehicles2 + vehicles3 + vehicles4 + vehicles5 AS DOUBLE) / event_count
        ) AS bezettingsgraad,
        previousspeed,
        CASE WHEN avgspeed3minutes BETWEEN 0 AND 40 THEN 1 WHEN avgspeed3minutes <= 250 THEN 0 ELSE -1 END AS trafficjamindicator,
        CASE WHEN avgspeed20minutes BETWEEN 0 AND 40 THEN 1 WHEN avgspeed20minutes <= 250 THEN 0 ELSE -1 END AS trafficjamindicatorlong,
        vehicles2 AS trafficintensityclass2,
        vehicles3 AS trafficintensityclass3,
        vehicles4 AS trafficintensityclass4,
        vehicles5 AS trafficintensityclass5,
        CASE
            WHEN currentspeed - previousspeed >= 20 THEN 1
            WHEN currentspeed - previousspeed <= -20 THEN -1
            ELSE 0
        END AS speeddiffindicator,
        avgspeed3minutes,
        avgspeed20minutes,
        event_count
    FROM measures
),

placed AS (
    SELECT
        *,
        FROM_UNIXTIME("recordtimestamp") AT TIME ZONE 'UTC' AS retime_local_time
    FROM transformed
    WHERE
        "recordtimestamp" >= 1709078400
        AND "recordtimestamp" < 1709337600
)

SELECT
    CAST("uniqueid" AS INTEGER) AS "uniqueid",
    CAST("recordtimestamp" AS BIGINT) AS "recordtimestamp",
    CAST("currentspeed" AS DOUBLE) AS "currentspeed",
    CAST("bezettingsgraad" AS INTEGER) AS "bezettingsgraad",
    CAST("previousspeed" AS DOUBLE) AS "previousspeed",
    CAST("trafficjamindicator" AS INTEGER) AS "trafficjamindicator",
    CAST("trafficjamindicatorlong" AS INTEGER) AS "trafficjamindicatorlong",
    CAST("trafficintensityclass2" AS INTEGER) AS "trafficintensityclass2",
    CAST("trafficintensityclass3" AS INTEGER) AS "trafficintensityclass3",
    CAST("trafficintensityclass4" AS INTEGER) AS "trafficintensityclass4",
    CAST("trafficintensityclass5" AS INTEGER) AS "trafficintensityclass5",
    CAST("speeddiffindicator" AS INTEGER) AS "speeddiffindicator",
    CAST("avgspeed3minutes" AS DOUBLE) AS "avgspeed3minutes",
    CAST("avgspeed20minutes" AS DOUBLE) AS "avgspeed20minutes",
    CAST(event_count AS BIGINT) AS event_count,
    YEAR(retime_local_time) AS "year",
    MONTH(retime_local_time) AS "month",
    DAY(retime_local_time) AS "day"
FROM placed
