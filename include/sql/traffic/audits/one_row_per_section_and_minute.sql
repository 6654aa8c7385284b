-- Protects sums and means over the table: a section must not count twice in a minute.
SELECT
    CONCAT(
        'uniqueid ', CAST(uniqueid AS VARCHAR), ' at ', CAST(recordtimestamp AS VARCHAR), ': ',
        CAST(COUNT(*) AS VARCHAR), ' rows'
    ) AS bad_row
FROM staged
GROUP BY uniqueid, recordtimestamp
HAVING COUNT(*) > 1
