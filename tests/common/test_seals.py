"""The daily seals: what they cover, when a day is closed, and that tampering is found and named."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction

from common import checks, seals
from common.models import AuditEntry, DaySeal, Holiday

HolidayEvent = apps.get_model("common", "HolidayEvent")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
FIRST, SECOND, THIRD = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)


@contextmanager
def _as_an_intruder():
    """Write past the triggers, as only the owner of the database can."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield cursor
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")


def _look(day: date, **extra) -> AuditEntry:
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return AuditEntry.objects.create(at=at, act="read", subject="client/1", **extra)


@pytest.fixture
def trail(db):
    """Two looks on the 10th, none on the 11th, one and a history row on the 12th."""
    looks = [_look(FIRST), _look(FIRST, actor_name="Frank"), _look(THIRD)]
    with _as_an_intruder() as cursor:
        cursor.execute(
            'INSERT INTO common_holidayevent (pgh_created_at, pgh_label, pgh_obj_id, id, "on", name, is_day_off,'
            " country, region, pgh_context_id) VALUES"
            " ('2026-03-12 23:59:59+00', 'insert', 1, 1, '2026-03-14', 'Founding day', true, '', '', %s)",
            ["00000000-0000-0000-0000-000000000001"],
        )
        cursor.execute(
            "INSERT INTO pghistory_context (id, created_at, updated_at, metadata) VALUES"
            " (%s, now(), now(), '{\"user\": 7}')",
            ["00000000-0000-0000-0000-000000000001"],
        )
    return looks


def test_every_closed_day_from_the_first_with_rows_is_sealed_also_an_empty_one(trail):
    assert seals.seal_days(NOON) == [FIRST, SECOND, THIRD, date(2026, 3, 13)]
    assert list(DaySeal.objects.order_by("day").values_list("rows", flat=True)) == [2, 0, 2, 0]
    assert DaySeal.objects.values("digest").distinct().count() == 4
    assert seals.broken_days() == []


def test_sealing_again_does_nothing_and_the_next_day_goes_on_from_there(trail):
    seals.seal_days(NOON)
    assert seals.seal_days(NOON) == []
    assert seals.seal_days(NOON + timedelta(days=1)) == [date(2026, 3, 14)]
    assert seals.broken_days() == []


def test_sealing_day_by_day_gives_the_digests_of_sealing_at_once(trail):
    seals.seal_days(NOON)
    at_once = list(DaySeal.objects.order_by("day").values_list("digest", flat=True))
    DaySeal.objects.all().delete()
    for day in range(11, 15):
        seals.seal_days(NOON.replace(day=day))
    assert list(DaySeal.objects.order_by("day").values_list("digest", flat=True)) == at_once


def test_nothing_is_sealed_where_nothing_was_kept(db):
    with _as_an_intruder() as cursor:
        for ledger in seals.ledgers():
            cursor.execute(f"DELETE FROM {ledger.table}")
    assert seals.seal_days(NOON) == []


def test_all_history_tables_and_the_audit_trail_are_sealed():
    tables = {ledger.table for ledger in seals.ledgers()}
    history = {
        model._meta.db_table
        for model in apps.get_models()
        if model._meta.app_label in settings.HOUSE_APPS
        and any(field.name == "pgh_created_at" for field in model._meta.fields)
    }
    assert "common_auditentry" in tables
    assert "clients_clientevent" in tables
    assert tables == {"common_auditentry"} | history


@pytest.mark.parametrize(
    ("statement", "day"),
    [
        ("UPDATE common_auditentry SET actor_name = 'Nobody' WHERE actor_name = 'Frank'", FIRST),
        ("DELETE FROM common_auditentry WHERE actor_name = 'Frank'", FIRST),
        (
            "INSERT INTO common_auditentry (at, act, actor_name, subject, detail, reason) VALUES"
            " ('2026-03-11 08:00+00', 'read', '', '', '', '')",
            SECOND,
        ),
        ("UPDATE common_holidayevent SET name = 'Other'", THIRD),
        ("UPDATE pghistory_context SET metadata = '{\"user\": 8}'", THIRD),
        ("UPDATE common_dayseal SET rows = 7 WHERE day = '2026-03-11'", SECOND),
    ],
)
def test_tampering_names_the_day_and_only_that(trail, statement, day):
    seals.seal_days(NOON)
    with _as_an_intruder() as cursor:
        cursor.execute(statement)
    assert seals.broken_days() == [f"{day}: audit or history of this day is not what was sealed"]


def test_seal_rewritten_to_fit_breaks_the_next_ones(trail):
    seals.seal_days(NOON)
    with _as_an_intruder() as cursor:
        cursor.execute("DELETE FROM common_auditentry WHERE actor_name = 'Frank'")
    good = DaySeal.objects.get(day=FIRST)
    later = list(DaySeal.objects.filter(day__gt=FIRST))
    DaySeal.objects.all().delete()
    seals.seal_days(NOON.replace(day=11))
    assert DaySeal.objects.get().digest != good.digest
    DaySeal.objects.bulk_create(later)
    assert [finding[:10] for finding in seals.broken_days()] == [str(SECOND)]


def test_removed_seal_is_named(trail):
    seals.seal_days(NOON)
    DaySeal.objects.filter(day=SECOND).delete()
    assert f"{SECOND}: the seal is missing" in seals.broken_days()


def test_column_added_later_breaks_no_seal(trail):
    seals.seal_days(NOON)
    for seal in DaySeal.objects.all():  # as if `reason` and a whole table had not been there yet
        shape = {table: [c for c in columns if c != "reason"] for table, columns in seal.shape.items()}
        del shape["common_holidayevent"]
        seal.shape = shape
        seal.save()
    shape = DaySeal.objects.first().shape
    before, digests = seals.NOTHING, {}
    with connection.cursor() as cursor:
        for ledger in seals.ledgers():
            if ledger.table in shape:
                then = seals.Ledger(
                    ledger.table, ledger.key, ledger.at, tuple(shape[ledger.table]), ledger.has_context
                )
                digests |= seals._digests(cursor, {then: [(FIRST, date(2026, 3, 14))]})
    for seal in DaySeal.objects.order_by("day"):
        before, seal.rows = seals._day_digest(before, seal.day, shape, digests)
        seal.digest = before
        seal.save()
    assert seals.broken_days() == []
    assert seals.seal_days(NOON + timedelta(days=1)) == [date(2026, 3, 14)]
    assert seals.broken_days() == []


def test_column_that_is_gone_says_so(trail):
    seals.seal_days(NOON)
    seal = DaySeal.objects.get(day=SECOND)
    seal.shape["common_auditentry"].append("vanished")
    seal.save()
    assert seals.broken_days() == [f"{SECOND}: cannot be recomputed, columns are gone from common_auditentry"]


def test_day_in_which_a_running_transaction_began_stays_open(transactional_db):
    _look(FIRST)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT now()")
            began = cursor.fetchone()[0]
            tomorrow = began + timedelta(days=1)
            sealed = seals.seal_days(tomorrow)
            assert sealed[-1] == began.astimezone(UTC).date() - timedelta(days=1)
            cursor.execute("COMMIT")
        assert seals.seal_days(tomorrow) == [began.astimezone(UTC).date()]
    finally:
        other.close()


def test_text_form_of_the_server_does_not_matter(trail):
    seals.seal_days(NOON)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Asia/Tokyo'; SET LOCAL datestyle = 'German'")
    assert seals.broken_days() == []


def test_large_day_is_hashed_in_chunks(trail, monkeypatch):
    monkeypatch.setattr(seals, "_CHUNK", 1)
    seals.seal_days(NOON)
    assert seals.broken_days() == []
    with _as_an_intruder() as cursor:
        cursor.execute("UPDATE common_auditentry SET actor_name = 'Nobody' WHERE actor_name = 'Frank'")
    assert len(seals.broken_days()) == 1


def test_one_query_a_table(trail, django_assert_max_num_queries):
    with django_assert_max_num_queries(len(seals.ledgers()) + 10):
        seals.seal_days(NOON)
    with django_assert_max_num_queries(len(seals.ledgers()) + 4):
        seals.broken_days()


# -- the checks -----------------------------------------------------------------------------------


def test_unsealed_days_are_found_after_two_days(db):
    now = datetime.now(UTC)
    AuditEntry.objects.create(at=now - timedelta(days=5), act="read")
    assert any("not sealed" in finding for finding in checks.checks())
    seals.seal_days(now)
    assert checks.checks() == []


def test_switched_off_trigger_is_found(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_update_update%' AND tgrelid = 'clients_client'::regclass"
        )
        name = cursor.fetchone()[0]
        cursor.execute(f"ALTER TABLE clients_client DISABLE TRIGGER {name}")
    assert checks.checks() == [f"clients_client: the trigger {name} is missing or switched off"]


def test_finding_says_how_many_and_names_a_few(db):
    Holiday.objects.bulk_create(Holiday(on=FIRST + timedelta(days=n), name="x") for n in range(7))
    ids = sorted(Holiday.objects.values_list("pk", flat=True))[:5]
    (finding,) = checks.found(Holiday.objects.all(), "holidays are called x")
    assert finding == f"7 holidays are called x: {', '.join(map(str, ids))}, …"
    assert checks.found(Holiday.objects.none(), "x") == []
    assert checks.found_by_sql("SELECT id FROM common_holiday", "holidays are called x") == [finding]


def test_verify_prints_findings_and_ends_with_1(trail, capsys):
    seals.seal_days()
    call_command("verify")
    said = capsys.readouterr().out
    assert "All is well." in said
    assert DaySeal.objects.latest("day").digest in said
    with _as_an_intruder() as cursor:
        cursor.execute("UPDATE common_holidayevent SET name = 'Other'")
    with pytest.raises(SystemExit) as ended:
        call_command("verify")
    assert ended.value.code == 1
    assert "2026-03-12: audit or history" in capsys.readouterr().out


def test_rows_of_the_trail_cannot_be_changed(db):
    entry = _look(FIRST)
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(actor_name="x")
