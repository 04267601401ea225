"""The site's hooks are read where what builds it is installed (the extra ``docs``)."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("mkdocs") else ["site.py", "docstrings.py"]
