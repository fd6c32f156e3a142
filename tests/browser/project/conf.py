project = "Harbour handbook"
author = "The harbour office"
extensions = ["sphinxcontrib_websupport"]
html_title = project
exclude_patterns = ["_build"]
