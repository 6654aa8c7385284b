{#- One statement for all audits of a slice: Athena bills at least 10 MB a query. -#}
-- Audit a staged slice: counts of the raw events, what was staged, and the audits' bad rows.
WITH
{% include "retime/records.sql" %},

classified AS (
    SELECT
        *,
        CASE
            WHEN
                retime_reason IS NOT NULL
                AND arrival_time >= {{ start }}
                AND arrival_time < {{ end }}
                THEN 'quarantined'
            WHEN retime_reason IS NOT NULL OR event_time < {{ start }} OR event_time >= {{ end }}
                THEN 'outside'
            WHEN event_time < arrival_time - {{ max_lateness }} THEN 'too_late'
            WHEN NOT is_kept THEN 'filtered'
            ELSE 'accepted'
        END AS retime_disposition,
        -- Of what arrived during the slice later than the max lateness: arrival and event date.
        CASE
            WHEN
                retime_reason IS NULL
                AND is_kept
                AND event_time < arrival_time - {{ max_lateness }}
                AND arrival_time >= {{ start }}
                AND arrival_time < {{ end }}
                THEN CONCAT({{ date_text("arrival_time") }}, '/', {{ date_text("event_time") }})
        END AS retime_late_beyond
    FROM records
),

-- Grouping the accepted events by their key counts the keys, and so the duplicates, in one pass.
by_key AS (
    SELECT
        retime_disposition,
        retime_late_beyond,
        COUNT(*) AS events,
        COUNT_IF(event_time < arrival_time - {{ late_after }}) AS late,
        COUNT_IF(arrival_time >= {{ start }} AND arrival_time < {{ end }}) AS arrived
    FROM classified
    GROUP BY
        retime_disposition,
        retime_late_beyond,
        {%- for column in key %}
        CASE WHEN retime_disposition = 'accepted' THEN {{ name(column) }} END{{ "," if not loop.last }}
        {%- endfor %}
),

staged AS (
    SELECT
        {%- for column, type in columns %}
        {{ name(column) }},
        {%- endfor %}
        event_count,
        {{ names(partition_keys) }}
    FROM {{ staging }}
),
{%- for audit in audits %}

{{ name("audit_" ~ audit.name) }} AS (
    SELECT
        bad_row,
        ROW_NUMBER() OVER (ORDER BY bad_row) AS row_number
    FROM (
{% filter indent(8, first=true) %}{% include audit.file %}{% endfilter %}
    )
){{ "," if not loop.last }}
{%- endfor %}

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
    {% for key in partition_keys %}{{ " || '/' || " if not loop.first }}CAST({{ name(key) }} AS VARCHAR){% endfor %} AS name,
    COUNT(*) AS row_count,
    SUM(event_count) AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    CAST(NULL AS VARCHAR) AS examples
FROM {{ staging }}
GROUP BY {{ names(partition_keys) }}
UNION ALL
SELECT
    'quarantined' AS kind,
    {% for key in quarantine_keys %}{{ " || '/' || " if not loop.first }}CAST({{ name(key) }} AS VARCHAR){% endfor %} AS name,
    COUNT(*) AS row_count,
    0 AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    CAST(NULL AS VARCHAR) AS examples
FROM {{ quarantine_staging }}
GROUP BY {{ names(quarantine_keys) }}
UNION ALL
SELECT
    'reason' AS kind,
    reason AS name,
    COUNT(*) AS row_count,
    0 AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    ARRAY_JOIN(MIN(SUBSTR(COALESCE(record, 'null'), 1, 200), 3), ' | ') AS examples
FROM {{ quarantine_staging }}
GROUP BY reason
{%- for audit in audits %}
UNION ALL
SELECT
    'audit' AS kind,
    {{ literal(audit.name) }} AS name,
    COUNT(*) AS row_count,
    0 AS key_count,
    0 AS late_count,
    0 AS arrived_count,
    ARRAY_JOIN(ARRAY_AGG(bad_row ORDER BY bad_row) FILTER (WHERE row_number <= 3), ' | ') AS examples
FROM {{ name("audit_" ~ audit.name) }}
{%- endfor %}
