"""Everything that imports Airflow: operators, the bodies of tasks, notices, lineage."""
