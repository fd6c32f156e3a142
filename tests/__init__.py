"""All tests; their folders mirror the package's."""

import os

from hypothesis import settings

# A busy machine is no failure of the code: what may not grow is counted, not timed. At the
# ordinary effort every run tries the same examples, so that what failed fails again; with more
# effort each run looks for new ones.
settings.register_profile(
    "tests", deadline=None, derandomize=os.environ.get("WEBSUPPORT_TEST_EFFORT", "1") == "1"
)
settings.load_profile("tests")
