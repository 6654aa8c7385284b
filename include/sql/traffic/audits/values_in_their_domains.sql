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
