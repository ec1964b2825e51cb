"""A pytest plugin (`-p tests.servers`): a real PostgreSQL and Redis for the whole run.

It must be loaded by its name and not from a conftest.py, because pytest-django reads the settings, and so
DATABASE_URL and REDIS_URL, before any conftest.py is read. A demo may run on the same servers meanwhile:
the tests have a database of their own, and of Redis a number of their own.
"""

from contextlib import ExitStack

import pytest

from bankcrm import embedded

REDIS_DB = 1  # the demo and the commands have 0


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Have the servers up before the settings are read, until pytest is done or has failed to start."""
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    try:
        stack.enter_context(embedded.running(redis_db=REDIS_DB))
    except embedded.EmbeddedError as error:
        raise pytest.UsageError(str(error)) from None
