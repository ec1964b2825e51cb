"""How gunicorn serves the pages. Numbers come from the environment, so that one image fits every size."""

import os
from pathlib import Path

from gunicorn.glogging import Logger

from common.logs import masked

bind = os.environ.get("WEB_BIND", "0.0.0.0:8000")
workers = int(os.environ.get("WEB_WORKERS", "2"))
worker_class = "gthread"  # a slow upload or download then holds a thread, not a process
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60
graceful_timeout = 30
keepalive = 5
# Returns memory that a large page has taken; the jitter keeps the workers from leaving together.
max_requests = 10_000
max_requests_jitter = 1_000
# The heartbeat file must not wait for a disk.
memory = Path("/dev/shm")  # noqa: S108
worker_tmp_dir = str(memory) if memory.is_dir() else None
control_socket_disable = True


class QuietLogger(Logger):
    """Paths that carry a secret are logged without it; so are the requests of errors."""

    def atoms(self, resp, req, environ, request_time):
        found = super().atoms(resp, req, environ, request_time)
        return {name: masked(value) if isinstance(value, str) else value for name, value in found.items()}

    def _masked(self, args):
        return tuple(masked(arg) if isinstance(arg, str) else arg for arg in args)

    def error(self, msg, *args, **kwargs):
        super().error(msg, *self._masked(args), **kwargs)

    def exception(self, msg, *args, **kwargs):
        super().exception(msg, *self._masked(args), **kwargs)


logger_class = QuietLogger
# The path without its query, which may hold what somebody searched for; no address, no referrer.
accesslog = None if os.environ.get("DEMO") else "-"
access_log_format = "%(t)s %(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"
errorlog = "-"
loglevel = os.environ.get("WEB_LOG_LEVEL", "warning" if os.environ.get("DEMO") else "info")
