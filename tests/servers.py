"""A pytest plugin (`-p tests.servers`): a real PostgreSQL and Redis for the whole run.

It must be loaded by its name and not from a conftest.py, because pytest-django reads the settings, and so
DATABASE_URL and REDIS_URL, before any conftest.py is read. A demo may run on the same servers meanwhile:
the tests have a database of their own, and of Redis a number of their own. Where several processes share the
tests (`-n 2`), the first has the servers up for all, and each of the others has its own database and number.
"""

import os
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from redis.connection import parse_url

from bankcrm import embedded

REDIS_DB = 1  # the demo and the commands have 0; the second process of a run has 2, and so on


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Have the servers up before the settings are read, until pytest is done or has failed to start."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["REDIS_URL"] = redis_of(worker, os.environ["REDIS_URL"])
        return
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    try:
        stack.enter_context(embedded.running(redis_db=REDIS_DB))
    except embedded.EmbeddedError as error:
        raise pytest.UsageError(str(error)) from None


def redis_of(worker: str, url: str) -> str:
    """The address of the Redis number of one of the processes ("gw0", "gw1" …): as many on from the run's own."""
    return with_number(url, parse_url(url).get("db", 0) + int(worker.removeprefix("gw")))


def with_number(url: str, number: int) -> str:
    """The same Redis, with another number: `unix://path?db=1` or `redis://host/1`."""
    if url.startswith("unix"):
        return f"{url.partition('?')[0]}?db={number}"
    return urlsplit(url)._replace(path=f"/{number}").geturl()
