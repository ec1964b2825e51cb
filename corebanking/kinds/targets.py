"""Targets of campaigns: whom a list made elsewhere names, in which arm, and what came of it.

A code that is not known makes a campaign that came by file. One that was planned here takes clients while it is a
draft; what somebody agreed to stands, and a file can then only say what came of a client who is on the list.
"""

from collections.abc import Iterable

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaigns.models import Arm, Campaign, Target
from campaigns.services.acting import SETTLED
from campaigns.services.campaigns import RESERVED
from corebanking.cells import Code, Day, OneOf, Text
from corebanking.kinds.base import Change, Check, Column, Kind, Ref, Scope, Write
from corebanking.kinds.portfolio import CLIENT
from interactions.models import Action

State = Campaign.State
NAMED = 5  # codes in a sentence
_ZONE = "COALESCE(r_frozen.time_zone, r_branch.time_zone, 'UTC')"
_TODAY = f"(now() AT TIME ZONE {_ZONE})::date"
_SAID_ON = f"(t.outcome_at AT TIME ZONE {_ZONE})::date"
_FROZEN = (State.LAUNCHING, *Campaign.LAUNCHED)
_AGREED = (State.WAITING, State.APPROVED)
_OTHERWISE = _("stands otherwise in another row of this campaign")


def _among(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _campaign(test: str) -> str:
    """SQL: the row's campaign was there before, and a test holds of it."""
    return f"EXISTS (SELECT 1 FROM campaigns_campaign c WHERE c.id = p.campaign_id AND {test})"


class Targets(Kind):
    """What somebody wrote here about a client stands: a file brings a result where there is none, or corrects its own."""

    code = "targets"
    label = _("Targets of campaigns")
    model = Target
    masks = True
    columns = (
        Column("campaign_code", Code(40), required=True, key=True),
        Column("client_number", Code(40), required=True, key=True),
        Column("arm", OneOf(tuple(Arm.values))),
        Column("staff_number", Code(20)),
        Column("campaign_name", Text(120)),
        Column("starts_on", Day()),
        Column("ends_on", Day()),
        Column("outcome", OneOf(tuple(Target.Outcome.values))),
        Column("outcome_on", Day()),
    )
    refs = (
        Ref("campaign_code", "campaign_id", "campaigns_campaign", "code", None),
        CLIENT,
        Ref("staff_number", "manager_id", "staff_user", "staff_number", _("unknown staff number")),
    )
    plan_joins = """
        LEFT JOIN staff_branch r_branch ON r_branch.id = r_client_id.branch_id
        LEFT JOIN staff_branch r_frozen ON r_frozen.id = t.branch_id
    """
    writes = (
        Write("campaign_id", "campaign_code", value="r_campaign_id.id", only_new=True),
        Write("client_id", "client_number", value="r_client_id.id", only_new=True),
        Write("arm", "arm", new=f"'{Arm.TREATMENT.value}'", only_new=True),
        Write("manager_id", "staff_number", value="r_manager_id.id", new="p.holder_id", only_new=True),
        Write("outcome", "outcome"),
        Write("outcome_at", "outcome", value="p.outcome_at", new="NULL"),
    )
    inserts = {
        "groups": "ARRAY[]::smallint[]",
        "channel": "''",
        "branch_id": "p.branch_id",
        "tier_id": "p.tier_id",
    }
    checks = (
        Check(
            "campaign_code",
            "p.makes AND s.campaign_code !~ '^[A-Za-z0-9._-]+$'",
            _("holds more than letters, digits, points, dashes and low lines"),
        ),
        Check(
            "campaign_code",
            f"p.makes AND s.campaign_code IN ({_among(RESERVED)})",
            _("is the address of a page"),
        ),
        Check(
            "campaign_code",
            "p.makes AND p.planner_id IS NULL",
            _("is not known, and there is nobody in whose name it could be made"),
        ),
        Check(
            "campaign_code",
            "p._new AND " + _campaign(f"NOT c.is_from_file AND c.state IN ({_among(_FROZEN)})"),
            _("the list of this campaign is frozen"),
        ),
        Check(
            "campaign_code",
            "p._new AND " + _campaign(f"c.state IN ({_among(_AGREED)})"),
            _("this campaign waits for approval or has it: make it a draft again first"),
        ),
        Check(
            "campaign_code",
            "p._new AND " + _campaign("c.state = 'dropped'"),
            _("this campaign was put aside"),
        ),
        Check(
            "arm",
            "p.arm_now <> s.arm",
            _("the client is in the other arm, and that never changes"),
            needs=("arm",),
        ),
        Check(
            "outcome",
            "s.outcome IS NOT NULL AND " + _campaign(f"c.state NOT IN ({_among(Campaign.LAUNCHED)})"),
            _("is a result of a campaign that was not launched"),
            needs=("outcome",),
        ),
        Check(
            "outcome_on",
            "s.outcome_on IS NOT NULL AND s.outcome IS NULL",
            _("is the day of a result that is not given"),
            needs=("outcome_on",),
        ),
        Check("outcome_on", "s.outcome_on > p.today", _("lies in the future"), needs=("outcome_on",)),
        Check("campaign_name", "p.makes AND p.names", _OTHERWISE, needs=("campaign_name",)),
        Check("starts_on", "p.makes AND p.starts", _OTHERWISE, needs=("starts_on",)),
        Check("ends_on", "p.makes AND p.ends", _OTHERWISE, needs=("ends_on",)),
        Check(
            "ends_on",
            "p.makes AND p.ends_on < p.starts_on",
            _("lies before the first day"),
            needs=("starts_on", "ends_on"),
        ),
    )
    undo_models = (Target, Campaign, Action)
    computed = {Campaign: ("state", "ended_at")}  # its last day passes by itself
    shown = ("campaign_code", "client_number", "arm", "staff_number", "outcome")

    @classmethod
    def match(cls) -> str:
        return "t.campaign_id = r_campaign_id.id AND t.client_id = r_client_id.id"

    @classmethod
    def plan_parts(cls, scope: Scope) -> tuple[list[tuple[str, str]], str]:
        noon = f"((COALESCE(s.outcome_on, {_source_date(scope)}) + TIME '12:00') AT TIME ZONE {_ZONE})"
        columns = [
            ("outcome_at", f"CASE WHEN s.outcome IS NOT NULL THEN LEAST({noon}, now()) END"),
            ("today", _TODAY),
            ("arm_now", "t.arm"),
            ("branch_id", "r_client_id.branch_id"),
            ("tier_id", "r_client_id.tier_id"),
            (
                "holder_id",
                f"""CASE WHEN r_manager_id.id IS NULL THEN (SELECT a.manager_id FROM clients_assignment a
                    WHERE a.client_id = r_client_id.id AND a.role = 'primary'
                    AND (a.from_on IS NULL OR a.from_on <= {_TODAY}) AND (a.to_on IS NULL OR a.to_on > {_TODAY})
                    ORDER BY a.from_on DESC NULLS LAST LIMIT 1) END""",
            ),
            ("planner_id", _planner(scope)),
            ("makes", "false"),
            *((torn, "NULL::boolean") for torn in ("names", "starts", "ends")),
            ("campaign_name", "NULL::text"),
            ("starts_on", "NULL::date"),
            ("ends_on", "NULL::date"),
        ]
        return columns, cls.plan_joins

    @classmethod
    def differs(cls, scope: Scope) -> str:
        return f"""s.outcome IS NOT NULL AND t.outcome_by_id IS NULL
            AND (t.outcome <> s.outcome OR {_SAID_ON} <> s.outcome_on)"""

    @classmethod
    def changes(cls, scope: Scope) -> list[Change]:
        said_on = """(SELECT (t.outcome_at AT TIME ZONE b.time_zone)::date
            FROM staff_branch b WHERE b.id = t.branch_id)"""
        return [
            *super().changes(scope),
            Change("outcome_on", f"{said_on}::text", f"{said_on} IS DISTINCT FROM s.outcome_on"),
        ]

    @classmethod
    def linking(cls, scope: Scope) -> list[str]:
        """Campaigns that are not known get their ids; those that are known are launched only after us."""
        said = f"{scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no"
        return [
            f"""
            WITH fresh AS MATERIALIZED (
                SELECT q.*, nextval(pg_get_serial_sequence('campaigns_campaign', 'id')) AS id FROM (
                    SELECT s.campaign_code AS code, min(s.campaign_name) AS name,
                        min(s.campaign_name) <> max(s.campaign_name) AS names,
                        min(s.starts_on) <> max(s.starts_on) AS starts, min(s.ends_on) <> max(s.ends_on) AS ends,
                        COALESCE(min(s.starts_on), LEAST(min(s.ends_on), {_source_date(scope)})) AS starts_on,
                        COALESCE(max(s.ends_on), GREATEST(min(s.starts_on), {_source_date(scope)})) AS ends_on
                    FROM {said} WHERE p.campaign_id IS NULL GROUP BY s.campaign_code
                ) q
            )
            UPDATE {scope.plan} p SET makes = true, campaign_id = f.id, campaign_name = f.name, names = f.names,
                starts = f.starts, ends = f.ends, starts_on = f.starts_on, ends_on = f.ends_on
            FROM {scope.stage} s JOIN fresh f ON f.code = s.campaign_code WHERE s.row_no = p.row_no
            """,
            f"""
            SELECT 1 FROM campaigns_campaign c
            WHERE c.id IN (SELECT p.campaign_id FROM {scope.plan} p) ORDER BY c.id FOR SHARE
            """,
        ]

    @classmethod
    def notes(cls, scope: Scope) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT DISTINCT s.campaign_code FROM {scope.stage} s
                    JOIN {scope.plan} p ON p.row_no = s.row_no WHERE p.makes AND p.act = 'c' ORDER BY 1"""
            )
            codes = [row[0] for row in cursor.fetchall()]
        if not codes:
            return []
        said = ngettext(
            "Makes %(count)s campaign that is not known yet: %(codes)s.",
            "Makes %(count)s campaigns that are not known yet: %(codes)s.",
            len(codes),
        )
        more = [*codes[:NAMED], *(["…"] if len(codes) > NAMED else [])]
        return [said % {"count": len(codes), "codes": ", ".join(more)}]

    @classmethod
    def statements(cls, scope: Scope) -> list[str]:
        scope.words |= {"currency": settings.REPORTING_CURRENCY}
        today = f"DATE '{timezone.localdate().isoformat()}'"
        making = f"""
            INSERT INTO campaigns_campaign (id, code, name, theme_id, objective, method, frequency, channels,
                starts_on, ends_on, script, budget, currency, control_share, seed, state, is_from_file,
                planned_by_id, planned_at, reason, launched_by_id, launched_at, ended_at)
            SELECT q.campaign_id, q.campaign_code, COALESCE(q.campaign_name, q.campaign_code), t.id, 'product',
                'contacts', 'once', ARRAY[]::varchar[], q.starts_on, q.ends_on, '', 0, %(currency)s, 0, 0,
                CASE WHEN q.ends_on < {today} THEN 'ended' ELSE 'running' END, true,
                q.planner_id, now(), '', q.planner_id, now(), CASE WHEN q.ends_on < {today} THEN now() END
            FROM (
                SELECT DISTINCT p.campaign_id, s.campaign_code, p.campaign_name, p.starts_on, p.ends_on, p.planner_id
                FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no WHERE p.makes AND p.act = 'c'
            ) q CROSS JOIN clients_theme t WHERE t.code = 'product' ORDER BY q.campaign_id
        """
        return [making, *super().statements(scope), *_called_no_more(scope)]

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""


def _called_no_more(scope: Scope) -> list[str]:
    """Whoever is not interested, has bought or cannot be reached: an open call ends, as where staff write it down."""
    if not scope.has("outcome"):
        return []
    scope.words |= {f"because_{outcome}": str(Target.Outcome(outcome).label) for outcome in SETTLED}
    because = " ".join(f"WHEN '{outcome}' THEN %(because_{outcome})s" for outcome in SETTLED)
    return [
        f"""
        UPDATE interactions_action a
        SET state = 'skipped', closed_at = now(), reason = CASE s.outcome {because} END
        FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
        JOIN campaigns_targetaction x ON x.target_id = p.target_id AND NOT x.has_joined
        WHERE p.act = 'u' AND s.outcome IN ({_among(SETTLED)}) AND a.id = x.action_id AND a.state = 'planned'
        """
    ]


def _source_date(scope: Scope) -> str:
    return f"DATE '{scope.source_date.isoformat()}'"


def _planner(scope: Scope) -> str:
    """SQL: in whose name a campaign is made: whoever imports; where nobody does, an administrator, else anybody."""
    actor = scope.params.get("actor_id")
    if actor is not None:
        return f"{actor:d}::bigint"
    return """(SELECT u.id FROM staff_user u
        ORDER BY u.is_active DESC, u.role = 'administrator' DESC, u.id LIMIT 1)"""
