"""Traffic to try the pipeline with: made-up measurements, landed on S3 the way Firehose lands them.

`published_records.jsonl` holds six real records of the data that the generator imitates: road
traffic on Flemish motorways, from the open data set "Meten in Vlaanderen" (MIV) of the Flemish
government, flattened to one JSON object per measuring point and minute. `tijd_waarneming` is in
them the published ISO text; landed events have epoch seconds there.
"""
