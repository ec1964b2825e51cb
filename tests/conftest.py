"""The cast of every test, and what all tests share."""

from contextlib import contextmanager

import pytest
from django.core.cache import cache
from django.db import connection, transaction

from common import jobs
from tests.factories import BranchFactory, ClientFactory, UserFactory
from tests.migrating import only_what_changed


@pytest.fixture(autouse=True)
def _quiet_world(settings, tmp_path, monkeypatch):
    """Mail stays in memory, files in a folder of the test, the cache starts empty, the queue is thought to be there."""
    monkeypatch.setattr(jobs, "_quiet_until", 0.0)
    settings.UPLOADS_DIR = tmp_path / "uploads"
    settings.LETTERS_DIR = tmp_path / "letters"
    settings.MESSAGING_FILE_DIR = tmp_path / "messages"
    cache.clear()


def _emptying(style, tables, *, reset_sequences=False, allow_cascade=False) -> list[str]:
    """What clears up after a test with real commits, for `flush`.

    Django truncates every table, which makes each table and index a new file: half a second a test. Here the same
    tables are locked, so that whoever still writes is waited for, and what is in them is deleted. No trigger and no
    key is asked, for nothing is left that they could protect.
    """
    names = [connection.ops.quote_name(table) for table in tables]
    deletes = "; ".join(f"DELETE FROM {name}" for name in names)
    return [
        f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE",
        f"SET LOCAL session_replication_role = replica; {deletes}; SET LOCAL session_replication_role = origin",
    ]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """Asked for before the test database is made: each process has its own, and its migrations take half the time."""
    with only_what_changed():
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The test database, which a test with real commits leaves as empty as `flush` does, but sooner."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SHOW is_superuser")
        may_pass_over_triggers = cursor.fetchone() == ("on",)
    if may_pass_over_triggers:
        connection.ops.sql_flush = _emptying


@pytest.fixture(scope="module")
def module_db(django_db_setup, django_db_blocker):
    """`with module_db():` makes rows that every test of the module finds as they were made.

    They lie in a transaction around the module's tests, each of which is taken back to its own beginning. So SQL's
    now() is the same moment in all of them, and a test with real commits has no place in such a module.
    """
    with django_db_blocker.unblock():
        around = transaction.atomic()
        around.__enter__()

    @contextmanager
    def _making():
        with django_db_blocker.unblock():
            yield
            connection.check_constraints()

    yield _making
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture
def bank(db):
    return BranchFactory(code="BANK", name="Bank")


@pytest.fixture
def north(bank):
    return BranchFactory(code="NORTH", name="North", parent=bank)


@pytest.fixture
def south(bank):
    return BranchFactory(code="SOUTH", name="South", parent=bank)


def _person(name: str, role: str, branch, **extra):
    return UserFactory(name=name.capitalize(), staff_number=name, role=role, branch=branch, **extra)


@pytest.fixture
def alice(north):
    """Manages a book in North."""
    return _person("alice", "account_manager", north)


@pytest.fixture
def anna(north):
    """A colleague of alice with a book of her own."""
    return _person("anna", "account_manager", north)


@pytest.fixture
def bob(north):
    """Supervises North."""
    return _person("bob", "supervisor", north)


@pytest.fixture
def charlie(south):
    """Manages a book in South."""
    return _person("charlie", "account_manager", south)


@pytest.fixture
def dora(bank):
    """Head office, without the right to see identities."""
    return _person("dora", "head_office", bank)


@pytest.fixture
def erin(bank):
    """Administers."""
    return _person("erin", "administrator", bank)


@pytest.fixture
def frank(bank):
    """Audits."""
    return _person("frank", "auditor", bank)


@pytest.fixture
def gus(north):
    """Has no role."""
    return _person("gus", "", north)


@pytest.fixture
def hana(north):
    """Stands at the front desk in North."""
    return _person("hana", "front_desk", north)


@pytest.fixture
def ines(bank):
    """Data officer."""
    return _person("ines", "data_officer", bank)


@pytest.fixture
def cast(alice, anna, bob, charlie, dora, erin, frank, gus, hana, ines):
    """Everybody, by name; `stranger` is nobody at all."""
    return {
        user.staff_number: user for user in (alice, anna, bob, charlie, dora, erin, frank, gus, hana, ines)
    }


@pytest.fixture
def carla(north, alice):
    """A client in alice's book."""
    return ClientFactory(
        number="N-1",
        name="Carla Núñez",
        branch=north,
        manager=alice,
        phone="+34600111222",
        email="carla@x.example",
    )


@pytest.fixture
def nina(north, anna):
    """A client in anna's book."""
    return ClientFactory(number="N-2", name="Nina Berg", branch=north, manager=anna, phone="+34600333444")


@pytest.fixture
def simon(south, charlie):
    """A client in charlie's book, in South."""
    return ClientFactory(number="S-1", name="Simon Ruiz", branch=south, manager=charlie, phone="+34600555666")


@pytest.fixture
def signed_in(client):
    """`signed_in(user)` gives a test client with the person's session."""

    def _sign_in(user):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return _sign_in
