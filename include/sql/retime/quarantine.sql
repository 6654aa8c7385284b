-- Stage what cannot be used of the records that arrived during a slice, with the reason.
{% if target %}INSERT INTO {{ target }}{% endif %}
WITH
{% include "retime/records.sql" %},

placed AS (
    SELECT
        *,
        {{ local_time("arrival_time") }} AS retime_local_time
    FROM records
    WHERE retime_reason IS NOT NULL AND arrival_time >= {{ start }} AND arrival_time < {{ end }}
)

SELECT
    CAST(retime_reason AS VARCHAR) AS reason,
    CAST(record AS VARCHAR) AS record,
    event_time,
    arrival_time,
    CAST(source_file AS VARCHAR) AS source_file,
    {%- for key in quarantine_keys %}
    {{ key | upper }}(retime_local_time) AS {{ name(key) }}{{ "," if not loop.last }}
    {%- endfor %}
FROM placed
