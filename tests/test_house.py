"""The house's order where import-linter cannot see it: models, migrations, triggers, addresses."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.urls import URLPattern, get_resolver

from common.history import Event
from messaging.words import KINDS
from portfolio.models.product import Loaded

ORDER = ["common", "staff", "messaging", "clients", "portfolio", "interactions", "campaigns"]
LEVEL = {name: level for level, name in enumerate(ORDER)} | {"metrics": 7, "corebanking": 7, "bankcrm": 8}
SHELF = {
    "models", "querysets", "services", "forms", "filters", "views", "urls", "api", "tasks", "checks", "admin",
    "apps", "migrations", "management", "templatetags", "__init__",
}  # fmt: skip
# Append-only ledgers and rows that only serve the machine are their own history.
UNTRACKED = {
    "portfolio.ClientAssets": "computed from balances, which are their own history",
    "common.AuditEntry": "audit is append-only and sealed",
    "common.DaySeal": "seals the rest",
    "common.KeptAnswer": "dropped after a day",
    "common.SavedRun": "a log of the daily run",
    "clients.Standing": "ledger from a day to a day",
    "clients.FactChange": "append-only ledger",
    "clients.Consent": "append-only ledger",
    "interactions.StageChange": "append-only ledger",
    "interactions.CaseStep": "append-only ledger",
    "campaigns.SegmentVersion": "append-only versions",
}
# Seen through another model's queryset, never listed by themselves.
WITHOUT_SIGHT = {
    "campaigns.SegmentVersion": "seen through its segment",
    "clients.Standing": "read by reviews, which pass the scope first",
    "clients.SightGrant": "part of sight itself",
    "clients.FactChange": "read by indicators, which pass the scope first",
    "clients.Household": "seen through its members",
}
HOUSE_MODELS = [
    model
    for model in apps.get_models()
    if model._meta.app_label in LEVEL and not issubclass(model, Event) and model._meta.managed
]


def _label(model) -> str:
    return model._meta.label


@pytest.mark.parametrize("model", HOUSE_MODELS, ids=_label)
def test_no_relation_points_up_or_beside(model):
    here = model._meta.app_label
    for field in model._meta.get_fields():
        if field.auto_created or not field.is_relation or field.related_model is None:
            continue
        there = field.related_model._meta.app_label
        if there in LEVEL and there != here:
            assert LEVEL[there] < LEVEL[here], f"{model._meta.label}.{field.name} points up to {there}"


def test_no_migration_depends_on_a_room_above():
    for (app, name), migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items():
        for other, _name in migration.dependencies:
            if app in LEVEL and other in LEVEL and other != app:
                assert LEVEL[other] < LEVEL[app], f"{app}.{name} depends on {other}"


@pytest.mark.parametrize(
    "model",
    [
        model
        for model in HOUSE_MODELS
        if any(
            field.is_relation
            and field.concrete
            and field.related_model is apps.get_model("clients", "Client")
            for field in model._meta.get_fields()
        )
        and model._meta.label not in WITHOUT_SIGHT
    ],
    ids=_label,
)
def test_whatever_belongs_to_a_client_is_seen_with_the_client(model):
    assert callable(getattr(model._default_manager.all(), "visible_to", None))


def test_exceptions_still_exist():
    labels = {model._meta.label for model in HOUSE_MODELS}
    assert set(WITHOUT_SIGHT) <= labels
    assert set(UNTRACKED) <= labels


def test_every_history_trigger_works_by_statement(db):
    """Row-level ones fell to 1,400 rows a second in bulk."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname, tgtype & 1 FROM pg_trigger"
            " WHERE tgname ~ '^pgtrigger_(insert_insert|update_update|delete_delete)_'"
        )
        found = cursor.fetchall()
    assert [row for row in found if row[2]] == []
    tracked = {}
    for table, name, _bit in found:
        tracked.setdefault(table.strip('"'), set()).add(name.split("_")[1])
    for model in HOUSE_MODELS:
        if hasattr(model, "pgh_event_model") or any(
            issubclass(event, Event) and event._meta.get_field("pgh_obj").related_model is model
            for event in apps.get_models()
            if issubclass(event, Event)
        ):
            # A ledger is its own history: only what a correction overwrote is kept beside it.
            kept = {"update", "delete"} if issubclass(model, Loaded) else {"insert", "update", "delete"}
            assert tracked.get(model._meta.db_table) == kept, model._meta.label


@pytest.mark.parametrize("app", ["staff", "messaging", "clients", "portfolio", "interactions"])
def test_every_business_table_keeps_history(app):
    tracked = {
        event._meta.get_field("pgh_obj").related_model
        for event in apps.get_models()
        if issubclass(event, Event)
    }
    for model in HOUSE_MODELS:
        if model._meta.app_label == app and model._meta.label not in UNTRACKED:
            assert model in tracked, f"{model._meta.label}: track it, or say in UNTRACKED why not"


@pytest.mark.parametrize("model", HOUSE_MODELS, ids=_label)
def test_money_is_decimal_with_its_currency_beside(model):
    fields = {field.name: field for field in model._meta.concrete_fields}
    for name, field in fields.items():
        if name in {"principal", "market_value", "amount", "minimum", "threshold"} or name.endswith(
            ("_amount", "_cost")
        ):
            assert isinstance(field, models.DecimalField), f"{model._meta.label}.{name} is no Decimal"
            assert any("currency" in other for other in fields), f"{model._meta.label}.{name} has no currency"


@pytest.mark.parametrize("app", sorted(set(LEVEL) - {"bankcrm", "common"}))
def test_shelf_is_spelled_alike(app):
    """A file that sounds like one of the shelf is spelled as it is."""
    folder = Path(settings.BASE_DIR) / app
    names = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }
    for name in names - SHELF:
        assert f"{name}s" not in SHELF, f"{app}/{name}.py: call it {name}s"
        assert name.rstrip("s") not in SHELF, f"{app}/{name}.py"


def _patterns(resolver):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        else:
            yield from _patterns(pattern)


def test_every_address_has_a_name():
    nameless = [str(pattern.pattern) for pattern in _patterns(get_resolver()) if not pattern.name]
    assert nameless == []


def test_every_kind_of_notification_has_its_words():
    said = set()
    for app in settings.HOUSE_APPS:
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            for call in re.findall(r"notify(?:_each)?\(([^)]*)", path.read_text()):
                said |= set(re.findall(r'kind="(\w+)"', call))
    assert "handed_over" in said
    assert said <= set(KINDS)
