"""The embedded servers survive what happens to them on a developer's machine.

Every test has a data folder of its own, and programs of its own that use and kill the servers in it.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import environ
import psycopg2
import pytest
import redis

from bankcrm import embedded

# Says "up" once the servers answer, and leaves them at the end of its input.
USER = """
import sys
from bankcrm import embedded
with embedded.running():
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def new_data() -> Iterator[Path]:
    """A data folder as it is after the very first start; made once, because making one takes longest."""
    folder = Path(tempfile.mkdtemp(prefix="bankcrm-test-"))
    with pytest.MonkeyPatch.context() as nobody_elses:
        nobody_elses.delenv("DATABASE_URL", raising=False)
        nobody_elses.delenv("REDIS_URL", raising=False)
        with embedded.running(folder / "local"):
            pass
    yield folder / "local"
    clear_away(folder)


@pytest.fixture
def base(new_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of the test's own, for this process and for the programs it starts."""
    folder = Path(tempfile.mkdtemp(prefix="bankcrm-test-"))
    subprocess.run(["cp", "-a", new_data, folder / "local"], check=True)  # noqa: S607
    monkeypatch.setenv("BANKCRM_LOCAL", str(folder / "local"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    yield folder / "local"
    if is_postgres_up() or is_redis_up():
        with embedded.running():
            pass  # joins and so stops what a failed test has left
    clear_away(folder)


def clear_away(folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.rmtree(embedded.Redis(folder / "local").sockets, ignore_errors=True)


@contextmanager
def another_program() -> Iterator[subprocess.Popen[str]]:
    """A second program that has the servers up, started from a terminal of its own."""
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    with subprocess.Popen(
        [sys.executable, "-c", USER],
        cwd=embedded.ROOT,
        env=own,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == "up\n"
            yield program
        finally:
            program.stdin.close()


def ask_postgres(query: str) -> object:
    """Run one statement on the embedded database, on a connection of its own."""
    where = environ.Env.db_url_config(embedded.urls().database_url)
    connection = psycopg2.connect(
        host=where["HOST"], port=where["PORT"], user=where["USER"], dbname=where["NAME"]
    )
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def is_postgres_up() -> bool:
    try:
        return ask_postgres("SELECT 1") == 1
    except psycopg2.OperationalError:
        return False


def is_redis_up() -> bool:
    with redis.Redis.from_url(embedded.urls().redis_url) as client:
        try:
            return client.ping()
        except redis.ConnectionError:
            return False


def test_addresses_are_always_the_same_and_short_and_touch_nothing(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a folder with a very long name"] * 8)
    first, second = embedded.urls(deep), embedded.urls(deep)
    assert first == second != embedded.urls(tmp_path)
    where = environ.Env.db_url_config(first.database_url)
    assert where["NAME"] == "bankcrm"
    assert len(f"{where['HOST']}/.s.PGSQL.{where['PORT']}") < 90
    assert len(first.redis_url) < 90
    assert not deep.exists()
    assert not Path(where["HOST"]).exists()


def test_both_servers_are_up_inside_the_block_and_gone_after_it(base: Path) -> None:
    with embedded.running(redis_db=3) as addresses:
        assert os.environ["DATABASE_URL"] == addresses.database_url
        assert os.environ["REDIS_URL"] == addresses.redis_url == embedded.urls(redis_db=3).redis_url
        assert is_postgres_up()
        assert is_redis_up()
        assert ask_postgres("SHOW listen_addresses") == ""
        assert ask_postgres("SELECT upper('é')") == "É"
    assert not {"DATABASE_URL", "REDIS_URL"} & set(os.environ)
    assert not is_postgres_up()
    assert not is_redis_up()


def test_a_server_of_somebody_elses_is_used_and_none_started(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://bank@db/bankcrm")
    with embedded.running():
        assert os.environ["DATABASE_URL"] == "postgres://bank@db/bankcrm"
        assert is_redis_up()
        assert not is_postgres_up()
    assert os.environ["DATABASE_URL"] == "postgres://bank@db/bankcrm"
    monkeypatch.setenv("REDIS_URL", "redis://cache/0")
    with embedded.running():
        assert not is_redis_up()
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")


def test_the_first_to_leave_stops_nothing_under_the_second(base: Path) -> None:
    with another_program() as program:
        with embedded.running():
            program.communicate()
            assert program.returncode == 0
            assert is_postgres_up()
            assert is_redis_up()
        assert not is_postgres_up()
        assert not is_redis_up()


def test_servers_left_by_a_killed_program_are_joined_and_then_stopped(base: Path) -> None:
    with another_program() as program:
        program.kill()
        program.wait()
    assert is_postgres_up()
    started_at = ask_postgres("SELECT pg_postmaster_start_time()")
    with embedded.running():
        assert ask_postgres("SELECT pg_postmaster_start_time()") == started_at
    assert not is_postgres_up()
    assert not is_redis_up()


def test_killed_servers_start_again_with_everything_that_was_committed(base: Path) -> None:
    with embedded.running():
        assert embedded.revive() == []
        ask_postgres("CREATE TABLE kept AS SELECT 42 AS answer")
        for number_file in (base / "postgres" / "postmaster.pid", base / "redis" / "pid"):
            os.kill(int(number_file.read_text().split()[0]), signal.SIGKILL)
        # The second program meets stale files, and a zombie whose number still looks alive.
        with another_program():
            assert ask_postgres("SELECT answer FROM kept") == 42
            assert is_redis_up()
        assert is_postgres_up()


def test_a_new_database_is_prepared_until_that_has_succeeded_once(base: Path) -> None:
    calls = []

    def fail() -> None:
        raise KeyboardInterrupt

    with embedded.running():
        with pytest.raises(KeyboardInterrupt):
            embedded.prepare_once(fail)
        embedded.prepare_once(lambda: calls.append("prepared"))
        embedded.prepare_once(lambda: calls.append("prepared again"))
    assert calls == ["prepared"]


def test_only_the_server_that_the_environment_names_is_prepared(
    base: Path, new_data: Path, tmp_path: Path
) -> None:
    calls = []
    with embedded.running(), pytest.MonkeyPatch.context() as inner:
        inner.delenv("DATABASE_URL")
        inner.delenv("REDIS_URL")
        subprocess.run(["cp", "-a", new_data, tmp_path / "local"], check=True)  # noqa: S607
        with embedded.running(tmp_path / "local"):
            embedded.prepare_once(lambda: calls.append("prepared"))
    assert calls == ["prepared"]


def test_servers_whose_folder_was_deleted_make_way_for_new_ones(base: Path) -> None:
    with another_program() as program:
        ask_postgres("CREATE TABLE lost ()")
        program.kill()
        program.wait()
    shutil.rmtree(base)
    with embedded.running():
        assert ask_postgres("SELECT to_regclass('lost') IS NULL") is True
    assert not is_postgres_up()


def test_data_of_another_major_version_is_refused_in_one_sentence(base: Path) -> None:
    version = base / "postgres" / "PG_VERSION"
    version.write_text("12\n")
    with pytest.raises(embedded.EmbeddedError) as refusal, embedded.running():
        pass
    sentence = str(refusal.value)
    assert "was made by PostgreSQL 12 and the installed one is" in sentence
    assert "\n" not in sentence
    assert version.read_text() == "12\n"


def test_a_machine_without_redis_is_told_what_to_install(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.setenv("PATH", "")
        without.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(embedded.EmbeddedError, match="install redis-server or valkey-server"):
            embedded.Redis(base).join()
