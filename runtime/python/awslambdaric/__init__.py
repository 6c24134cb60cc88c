"""Zipyard's runtime interface client for Python.

Written for Zipyard; it carries the import name and the public names of AWS's client because instrumentation (Sentry, Lumigo, Datadog …) looks
for them. A copy of AWS's own client in the function's package comes first on sys.path and is not touched.
"""

__version__ = "4.2.2"
