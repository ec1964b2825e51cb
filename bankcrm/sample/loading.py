"""Bringing the sample bank in: through the importer like any export, then what files cannot carry.

A run that was killed half-way is taken up again with the same day, size and seed; files already in are
recognised by the importer.
"""

import os
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone

from bankcrm.sample.arranged import arrange
from bankcrm.sample.by_hand import work_by_hand
from bankcrm.sample.campaigns import campaign
from bankcrm.sample.cast import ADMINISTRATOR, SEES_IDENTITIES, STAFF
from bankcrm.sample.files import Bank, Wish, make_bank, write_files
from bankcrm.sample.followed import reminder_rules, start_today, strict_tiers, write_the_year
from bankcrm.sample.introduced import introduce_clients
from bankcrm.sample.maturing import mature
from clients.models import Client
from common.models import SavedRun
from corebanking.models import ImportJob
from corebanking.services import import_path
from interactions.services import raise_due, refresh_cadence
from staff.models import Branch, User

JOB = "sample"
TOLD_TO_ALL = "meridian-demo-2026"  # printed with the logins: no secret
DAYS_RAISED = 3  # before today: what was not done then stands on Today as late


class SampleRefused(Exception):
    """The sample bank must not be loaded here. The text is one sentence for people."""


def demo_password() -> str:
    return os.environ.get("DEMO_PASSWORD") or TOLD_TO_ALL


def loaded_run() -> SavedRun | None:
    """The run that loaded the sample bank, finished or not."""
    return SavedRun.objects.filter(job=JOB).order_by("started_at").first()


def load_sample(*, wish: Wish, say: Callable[[str], None]) -> bool:
    """Load the sample bank; False where it is there already.

    Effects: an administrator is created as the first actor; files go through the importer one by one;
    then plans, contacts, cover and occurrences in one transaction. `say` gets lines of progress.
    Repeatable: a finished load is left alone, an unfinished one is completed with its own day and size.
    Raises: SampleRefused in production and where the bank holds other data.
    """
    if settings.PRODUCTION:
        raise SampleRefused("This is a production bank: the sample bank is for demos only.")
    run = loaded_run()
    if run is not None and run.finished_at is not None:
        return False
    if run is None:
        if _holds_data():
            raise SampleRefused(
                "This bank already holds data: `demo --empty` runs it without the sample bank."
            )
        actor = _begin(wish)
    else:
        wish = _wish_of(run)
        actor = User.objects.get(staff_number=ADMINISTRATOR.staff_number)
        say(f"Taking up the load of {wish.as_of} again …")
    clock = _Clock(say)
    bank = make_bank(wish)
    clock.done(f"made up {len(bank.clients):,} clients")
    with TemporaryDirectory(prefix="sample-") as folder:
        for kind, path in write_files(bank, Path(folder)).items():
            job = _import(actor, kind, path, wish.as_of)
            clock.done(f"{kind}: already in" if getattr(job, "is_repeat", False) else f"{kind}: {job.read:,}")
    with transaction.atomic():
        _finish(bank, clock)
    return True


def _holds_data() -> bool:
    return (
        Branch.objects.exists()
        or Client.objects.exists()
        or User.objects.filter(staff_number__in=[person.staff_number for person in STAFF]).exists()
        or User.objects.filter(email__in=[person.email for person in STAFF]).exists()
    )


@transaction.atomic
def _begin(wish: Wish) -> User:
    """Note what is being loaded and create whoever loads it."""
    SavedRun.objects.create(job=JOB, place=f"{wish.seed}/{wish.clients}", on=wish.as_of)
    return User.objects.create_user(
        ADMINISTRATOR.staff_number,
        ADMINISTRATOR.name,
        ADMINISTRATOR.email,
        password=demo_password(),
        role=ADMINISTRATOR.role,
    )


def _wish_of(run: SavedRun) -> Wish:
    seed, clients = run.place.split("/")
    return Wish(as_of=run.on, clients=int(clients), seed=int(seed))


def _import(actor: User, kind: str, path: Path, as_of: date) -> ImportJob:
    job = import_path(actor=actor, kind=kind, path=path, source_date=as_of)
    if job.state != ImportJob.State.COMMITTED:
        raise SampleRefused(
            f"The file of {kind} was not taken ({job.state}): {job.refusal or job.errors_path}"
        )
    return job


def _finish(bank: Bank, clock: "_Clock") -> None:
    password = make_password(
        demo_password()
    )  # once: two dozen people share it, and hashing is slow on purpose
    User.objects.filter(staff_number__in=[person.staff_number for person in STAFF]).update(password=password)
    User.objects.filter(staff_number__in=SEES_IDENTITIES).update(sees_identities=True)
    refresh_cadence()
    year = write_the_year(bank)
    clock.done("the year: " + ", ".join(f"{count} {what}" for what, count in year.items()))
    done = work_by_hand(bank)
    clock.done(f"by hand: {done['plans']} plans, {done['contacts']} contacts, {done['covers']} cover")
    begun = start_today(bank)
    clock.done("today: " + ", ".join(f"{count} {what}" for what, count in begun.items()))
    strict_tiers()
    reminder_rules()
    raised = 0
    for days_ago in range(DAYS_RAISED, -1, -1):
        # The contacts planned for the days before were made: nobody finds them on Today as late.
        on = bank.wish.as_of - timedelta(days=days_ago)
        raised += sum(raise_due(on=on, with_plans=not days_ago).raised.values())
    clock.done(f"came due: {raised} occurrences")
    with connection.cursor() as cursor:
        # A database that was just filled knows nothing of its tables, and looks at each row for each row.
        cursor.execute("ANALYZE interactions_action, clients_assignment, clients_client")
    clock.done(f"introductions: {introduce_clients(bank.wish.as_of)}")
    matured = mature(bank)
    clock.done("maturing: " + ", ".join(f"{count} {what}" for what, count in matured.items()))
    planned = campaign(bank)
    clock.done("campaigns: " + ", ".join(f"{count} {what}" for what, count in planned.items()))
    arranged = arrange()
    clock.done("arranged: " + ", ".join(f"{count} {what}" for what, count in arranged.items()))
    SavedRun.objects.filter(job=JOB, on=bank.wish.as_of).update(finished_at=timezone.now())


class _Clock:
    """Says what was done and how long it took."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.last = time.monotonic()

    def done(self, what: str) -> None:
        now = time.monotonic()
        self.say(f"  {what} ({now - self.last:.1f} s)")
        self.last = now
