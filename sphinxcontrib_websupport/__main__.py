"""``python -m sphinxcontrib_websupport``."""

from sphinxcontrib_websupport.cli import main

main()
