"""Property tests find the same examples in every run, and write nothing into the repository."""

import tempfile

import hypothesis
from hypothesis import configuration

configuration.set_hypothesis_home_dir(tempfile.gettempdir())
hypothesis.settings.register_profile("retime", database=None, deadline=None, derandomize=True)
hypothesis.settings.load_profile("retime")
