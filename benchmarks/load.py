"""Logging contacts from eight connections at once, against gunicorn with two workers."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from benchmarks.pages import books, form_of, people
from benchmarks.timing import signed_in

CONNECTIONS = 8
START_SECONDS = 30


def contacts_per_second(database_url: str, seconds: float) -> float:
    """How many contacts a second eight people log while the server is under way. Raises RuntimeError."""
    managers, _supervisors = people()
    sessions = [signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value for user in managers]
    urls = [f"{reverse('contact-log')}?client={client.number}" for client in books(managers)]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"DATABASE_URL": database_url, "DEMO": "1", "WEB_WORKERS": "2"}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:bankcrm.gunicorn", "-b", f"127.0.0.1:{port}"]
    server = subprocess.Popen([*command, "bankcrm.wsgi"], env=environment, cwd=settings.BASE_DIR)
    try:
        _wait_for(port)
        return _logged(port, sessions, urls, seconds)
    finally:
        server.terminate()
        server.wait(timeout=30)


def _logged(port: int, sessions: list[str], urls: list[str], seconds: float) -> float:
    counts, failures = [0] * CONNECTIONS, []
    until = time.monotonic() + seconds
    on = timezone.localdate() + timezone.timedelta(days=9)

    def work(number: int) -> None:
        token = uuid.uuid4().hex
        headers = {
            "Host": "localhost",
            "Content-Type": "application/x-www-form-urlencoded",
            "X-CSRFToken": token,
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={sessions[number % len(sessions)]}; {settings.CSRF_COOKIE_NAME}={token}",
        }
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < until:
            connection.request("POST", urls[number % len(urls)], urlencode(form_of(on)), headers)
            response = connection.getresponse()
            response.read()
            if response.status != 302:
                failures.append(response.status)
                return
            counts[number] += 1

    threads = [threading.Thread(target=work, args=[number]) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"logging a contact answered {failures[0]}")
    return sum(counts) / seconds


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            probe = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            probe.request("GET", "/health/", headers={"Host": "localhost"})
            if probe.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("gunicorn did not start")
