-- Count the rows of the files that a rollback points at.
SELECT
    {{ names(partition_keys) }},
    COUNT(*) AS row_count
FROM {{ target }}
GROUP BY {{ names(partition_keys) }}
