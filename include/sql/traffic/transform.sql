{%- macro jam(speed) -%}
CASE WHEN {{ speed }} BETWEEN 0 AND 40 THEN 1 WHEN {{ speed }} <= 250 THEN 0 ELSE -1 END
{%- endmacro -%}
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
        {%- for class in [2, 3, 4, 5] %}
        CASE WHEN intensity{{ class }} > 0 THEN intensity{{ class }} ELSE 0 END
            AS vehicles{{ class }},
        CASE
            WHEN intensity{{ class }} > 0 AND speed{{ class }} BETWEEN 1 AND 250
                THEN speed{{ class }}
        END AS speed{{ class }}{{ "," if not loop.last }}
        {%- endfor %}
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
    {{ jam("avgspeed3minutes") }} AS trafficjamindicator,
    {{ jam("avgspeed20minutes") }} AS trafficjamindicatorlong,
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
