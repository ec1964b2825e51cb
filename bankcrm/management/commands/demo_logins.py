"""`manage.py demo_logins`: who can log in to the demo, with what, and where each one lands."""

import unicodedata
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from bankcrm.places import BY_ROLE, ME
from bankcrm.sample.cast import AWAY, MANAGERS, SEES_IDENTITIES, STAFF, STAND_IN
from bankcrm.sample.loading import demo_password, loaded_run
from staff.models import Role, User

ORDER = (
    Role.ACCOUNT_MANAGER,
    Role.SUPERVISOR,
    Role.FRONT_DESK,
    Role.HEAD_OFFICE,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    Role.DATA_OFFICER,
)
HEADS = ("Role", "Name", "Staff number", "Password", "Lands on", "")


class Command(BaseCommand):
    """Print the logins of the sample bank; nothing where it is not loaded."""

    help = "Prints the logins of the sample bank, by role (not in production)."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("This is a production bank: it has no demo logins.")
        run = loaded_run()
        if run is None or run.finished_at is None:
            self.stdout.write("There are no demo logins: the sample bank is not loaded.")
            return
        with translation.override("en"):
            for line in table(rows()):
                self.stdout.write(line)


def rows() -> list:
    """One row a person who can log in, in the order in which roles are explained."""
    shown: dict[str, str] = {}  # by stored hash: whether the demo password is still the one
    found = []
    people = User.objects.active().filter(staff_number__in=[person.staff_number for person in STAFF])
    for user in sorted(people, key=lambda user: (ORDER.index(Role(user.role)), user.staff_number)):
        if user.password not in shown:
            is_demo = check_password(demo_password(), user.password)
            shown[user.password] = demo_password() if is_demo else "(changed)"
        found.append(
            (
                str(Role(user.role).label),
                user.name,
                user.staff_number,
                shown[user.password],
                str((BY_ROLE.get(user.role) or [ME])[0][1]),
                _remark(user.staff_number),
            )
        )
    return found


def _remark(staff_number: str) -> str:
    names = {person.staff_number: person.name for person in STAFF}
    if staff_number == AWAY:
        return f"away this week, {names[STAND_IN]} stands in"
    if staff_number == STAND_IN:
        return f"stands in for {names[AWAY]}"
    if staff_number in SEES_IDENTITIES:
        return "sees who the clients are"
    if any(manager.staff_number == staff_number and manager.pressure > 1 for manager in MANAGERS):
        return "has more to do than the day holds"
    return ""


def table(found: list[tuple[str, ...]]) -> list[str]:
    """Lines with columns under each other, wide characters counted as two."""
    lines = [HEADS, *found]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(HEADS))]
    ruled = [HEADS, tuple("-" * width for width in widths), *found]
    return [
        "  ".join(_padded(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in ruled
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
