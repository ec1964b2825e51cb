"""Asks the web server of this container how it is, as the reverse proxy would; exit code 1 if ill."""

import os
import sys
import urllib.request

host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().lstrip(".")
request = urllib.request.Request(
    "http://127.0.0.1:8000/health/", headers={"Host": host, "X-Forwarded-Proto": "https"}
)
try:
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 (a fixed address)
        sys.exit(response.status != 200)
except OSError as error:
    sys.exit(str(error))
