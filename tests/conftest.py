"""Property tests find the same examples in every run; nothing is written beside the tests."""

import os
import sys
import tempfile

import hypothesis
from hypothesis import configuration

configuration.set_hypothesis_home_dir(tempfile.gettempdir())
hypothesis.settings.register_profile("retime", database=None, deadline=None, derandomize=True)
hypothesis.settings.load_profile("retime")

# Airflow reads its settings when it is first imported.
if "airflow" not in sys.modules:
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-")
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
