"""No DAG: the place where Airflow's UI shows, as an import error, which data sets are wrong.

The DAGs are in retime_dags.py, which leaves out data sets that it cannot read, so that all others
keep running. An error there would take away every DAG of Retime.
"""

from retime.errors import DataSetError
from retime.statements.checking import check_data_sets, include_folders

# Airflow parses a file only if it names both: airflow, DAG.
wrong = check_data_sets(include_folders()).wrong
if wrong:
    raise DataSetError("\n".join(map(str, wrong)))
