-- Stage what cannot be used of the records that arrived during a slice, with the reason.
INSERT INTO {{ target }}
WITH
{% include "retime/records.sql" %},

placed AS (
    SELECT
        *,
        {{ local_time("arrival_time") }} AS local_time
    FROM records
    WHERE reason IS NOT NULL AND arrival_time >= {{ start }} AND arrival_time < {{ end }}
)

SELECT
    CAST(reason AS VARCHAR) AS reason,
    CAST(record AS VARCHAR) AS record,
    event_time,
    arrival_time,
    CAST(source_file AS VARCHAR) AS source_file,
    {%- for key in quarantine_keys %}
    {{ key | upper }}(local_time) AS {{ name(key) }}{{ "," if not loop.last }}
    {%- endfor %}
FROM placed
