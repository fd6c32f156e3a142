"""Contract suites for the authors of other stores; needs pytest and Hypothesis."""

import pytest

# Their assertions explain themselves when they fail, as those of a test file do.
pytest.register_assert_rewrite(
    "sphinxcontrib_websupport.testing.storage",
    "sphinxcontrib_websupport.testing.search",
    "sphinxcontrib_websupport.testing.retirement",
    "sphinxcontrib_websupport.testing.sharing",
    "sphinxcontrib_websupport.testing.scale",
    "sphinxcontrib_websupport.testing.machine",
)
