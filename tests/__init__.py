"""All tests; their folders mirror the package's."""

from hypothesis import settings

# A busy machine is no failure of the code: what may not grow is counted, not timed.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
