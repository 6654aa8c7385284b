-- The fields of a raw event that the published table depends on. A field that is missing, null or
-- not a whole number is NULL.
SELECT
    {{ arrival }},
    {{ found("tijd_waarneming", "unieke_id", "lve_nr") }} AS record,
    {{ whole("tijd_waarneming") }} AS event_time,
    {{ whole("unieke_id") }} AS unieke_id,
    {{ whole("lve_nr") }} AS lve_nr,
    {{ instant("tijd_laatst_gewijzigd") }} AS changed_at,
    {%- for class in [2, 3, 4, 5] %}
    {{ whole("verkeersintensiteit_klasse%d" % class, optional=true) }} AS intensity{{ class }},
    {{ whole("voertuigsnelheid_rekenkundig_klasse%d" % class, optional=true) }} AS speed{{ class }},
    {%- endfor %}
    COALESCE(
        {{ whole("rekendata_bezettingsgraad") }} > -1
        AND {{ whole("defect") }} = 0
        {%- if points %}
        AND {{ whole("unieke_id") }} IN ({{ literals(points) }})
        {%- endif %},
        FALSE
    ) AS is_kept
FROM {{ raw }}
WHERE {{ arrived }}
