"""Branches and staff."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from corebanking.cells import Code, Country, Email, OneOf, Text, YesNo, Zone
from corebanking.kinds.base import Change, Check, Column, Kind, Ref, Scope, Undoing, Write
from corebanking.refusals import ImportRefused
from staff.models import Branch, Role, User
from staff.services import rebuild_branch_paths

LANGUAGES = ("en", "es", "zh-hans")


class Branches(Kind):
    code = "branches"
    label = _("Branches")
    model = Branch
    key = "code"
    columns = (
        Column("code", Code(20), required=True, key=True),
        Column("name", Text(120), required=True),
        Column("parent_code", Code(20), keeps=False),
        Column("time_zone", Zone()),
        Column("country", Country()),
        Column("region", Text(10)),
    )
    writes = (
        Write("code", "code", only_new=True),
        Write("name", "name"),
        Write("time_zone", "time_zone", new="'UTC'"),
        Write("country", "country"),
        Write("region", "region"),
    )
    inserts = {"path": "ARRAY[]::bigint[]", "working_days": "ARRAY[0,1,2,3,4]::smallint[]"}
    checks = (
        Check(
            "parent_code",
            "s.parent_code = s.code",
            _("a branch cannot stand below itself"),
            needs=("parent_code",),
        ),
        Check(
            "parent_code",
            """s.parent_code IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM staff_branch b WHERE b.code = s.parent_code)
               AND NOT EXISTS (
                   SELECT 1 FROM {stage} o WHERE o.code = s.parent_code
                   AND NOT EXISTS (SELECT 1 FROM {rejects} x WHERE x.row_no = o.row_no))""",
            _("unknown branch"),
            needs=("parent_code",),
            repeats=True,
        ),
    )
    undo_models = (Branch,)
    computed = {Branch: ("path",)}
    shown = ("code", "name", "parent_code", "country", "time_zone")

    @classmethod
    def differs(cls, scope: Scope) -> str:
        test = super().differs(scope)
        if scope.has("parent_code"):
            test += """ OR COALESCE((SELECT b.code FROM staff_branch b WHERE b.id = t.parent_id), '')
                IS DISTINCT FROM COALESCE(s.parent_code, '')"""
        return test

    @classmethod
    def changes(cls, scope: Scope) -> list[Change]:
        above = "(SELECT b.code FROM staff_branch b WHERE b.id = t.parent_id)"
        differs = f"COALESCE({above}, '') IS DISTINCT FROM COALESCE(s.parent_code, '')"
        return [*super().changes(scope), Change("parent_code", above, differs)]

    @classmethod
    def statements(cls, scope: Scope) -> list[str]:
        found = super().statements(scope)
        if scope.has("parent_code"):
            found.append(
                f"""
                UPDATE staff_branch b SET parent_id = above.id
                FROM {scope.plan} p JOIN {scope.stage} s ON s.row_no = p.row_no
                LEFT JOIN staff_branch above ON above.code = s.parent_code
                WHERE p.act IN ('c', 'u') AND b.id = p.target_id AND b.parent_id IS DISTINCT FROM above.id
                """
            )
        return found

    @classmethod
    def finish(cls, scope: Scope) -> None:
        try:
            rebuild_branch_paths()
        except ValidationError as error:
            raise ImportRefused(" ".join(error.messages)) from error

    @classmethod
    def after_undo(cls, undoing: Undoing) -> None:
        rebuild_branch_paths()


class Staff(Kind):
    code = "staff"
    label = _("Staff")
    model = User
    key = "staff_number"
    columns = (
        Column("staff_number", Code(20), required=True, key=True),
        Column("name", Text(120), required=True),
        Column("email", Email(254), required=True),
        Column("role", OneOf(tuple(Role.values)), required=True),
        Column("branch_code", Code(20), required=True),
        Column("language", OneOf(LANGUAGES)),
        Column("active", YesNo()),
    )
    refs = (Ref("branch_code", "branch_id", "staff_branch", "code", _("unknown branch")),)
    writes = (
        Write("staff_number", "staff_number", only_new=True),
        Write("name", "name"),
        Write("email", "email"),
        Write("role", "role"),
        Write("branch_id", "branch_code", value="r_branch_id.id"),
        Write("language", "language"),
        Write("is_active", "active", new="true"),
    )
    # nobody can log in with this until a password is set
    inserts = {
        "password": "'!' || md5(random()::text || clock_timestamp()::text)",
        "is_superuser": "false",
        "time_zone": "''",
        "sees_identities": "false",
        "daily_capacity": "15",
        "remembered_channel": "''",
    }
    checks = (
        Check(
            "email",
            "EXISTS (SELECT 1 FROM staff_user u WHERE lower(u.email) = s.email AND u.staff_number <> s.staff_number)",
            _("belongs to another person already"),
        ),
        Check(
            "email",
            """EXISTS (SELECT 1 FROM {stage} o WHERE o.email = s.email AND o.row_no <> s.row_no
                       AND o.staff_number <> s.staff_number)""",
            _("stands in the file twice"),
        ),
    )
    undo_models = (User,)
    computed = {User: ("remembered_channel",)}
    shown = ("staff_number", "name", "role", "branch_code", "active")
