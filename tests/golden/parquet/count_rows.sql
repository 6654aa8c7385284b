-- Count the rows of the files that a rollback points at.
SELECT
    "year", "month", "day",
    COUNT(*) AS row_count
FROM "db"."traffic__golden"
GROUP BY "year", "month", "day"
