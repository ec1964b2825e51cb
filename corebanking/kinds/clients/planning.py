"""What becomes of each thing that lives outside the client's own row, decided in SQL while planning."""

from django.conf import settings

from clients.models import FactType
from corebanking.kinds.base import Change, Scope
from corebanking.kinds.clients.names import BIRTH, BIRTH_TEXT, FACTS, POINTS


def _said(field: str, value: str) -> str:
    """SQL: core banking's differing word is already on record."""
    return (
        f"EXISTS (SELECT 1 FROM clients_corevalue w WHERE w.client_id = t.id AND w.field = '{field}'"
        f" AND w.value = {value})"
    )


def _on_record(field: str) -> str:
    return f"EXISTS (SELECT 1 FROM clients_corevalue w WHERE w.client_id = t.id AND w.field = '{field}')"


def _point_act(kind: str) -> str:
    """i: a new one; u: core's own changes; v: staff's stands, core's word is kept; d: they agree again."""
    return f"""
        CASE WHEN s.{kind} IS NULL THEN NULL
             WHEN COALESCE(c.{kind}_same, false) THEN CASE WHEN {_on_record(kind)} THEN 'd' END
             WHEN c.{kind}_core IS NOT NULL THEN 'u'
             WHEN c.{kind}_any THEN CASE WHEN {_said(kind, f"s.{kind}")} THEN NULL ELSE 'v' END
             ELSE 'i' END
    """


def _fact_act(code: str) -> str:
    value = f"left(s.{code}, 254)"
    return f"""
        CASE WHEN s.{code} IS NULL THEN NULL
             WHEN COALESCE(f.{code}_same, false) THEN CASE WHEN {_on_record(code)} THEN 'd' END
             WHEN f.{code}_any THEN CASE WHEN {_said(code, value)} THEN NULL ELSE 'v' END
             ELSE 'i' END
    """


def plan_parts(scope: Scope) -> tuple[list[tuple[str, str]], str]:
    """Plan columns and joins: what becomes of each thing that lives outside the client's own row."""
    types = dict(
        FactType.objects.filter(code__in=(*POINTS, *FACTS, "birthday", "founding")).values_list("code", "id")
    )
    scope.params["types"] = types
    points = ", ".join(
        f"""
        bool_or(k.value = s.{kind}) FILTER (WHERE k.kind = '{kind}') AS {kind}_same,
        min(k.id) FILTER (WHERE k.kind = '{kind}' AND k.entered_by = 'core') AS {kind}_core,
        COALESCE(bool_or(k.kind = '{kind}'), false) AS {kind}_any
        """
        for kind in POINTS
    )
    facts = ", ".join(
        f"""
        bool_or(k.value = s.{code}) FILTER (WHERE k.type_id = {types[code]:d}) AS {code}_same,
        COALESCE(bool_or(k.type_id = {types[code]:d}), false) AS {code}_any
        """
        for code in FACTS
    )
    joins = f"""
        LEFT JOIN LATERAL (
            SELECT {points},
                count(*) FILTER (
                    WHERE k.kind IN ('phone', 'email')
                    AND k.value <> COALESCE(s.phone, '') AND k.value <> COALESCE(s.email, '')
                ) AS others
            FROM clients_contactpoint k WHERE k.client_id = t.id GROUP BY k.client_id
        ) c ON t.id IS NOT NULL
        LEFT JOIN clients_datedfact d ON d.client_id = t.id AND d.person = ''
            AND d.kind = CASE s.kind WHEN 'person' THEN 'birthday' ELSE 'founding' END
        LEFT JOIN clients_assignment a ON a.client_id = t.id AND a.role = 'primary' AND a.to_on IS NULL
    """
    if scope.has("occupation") or scope.has("employer"):
        joins += f"""
        LEFT JOIN LATERAL (
            SELECT {facts} FROM clients_fact k WHERE k.client_id = t.id GROUP BY k.client_id
        ) f ON t.id IS NOT NULL AND (s.occupation IS NOT NULL OR s.employer IS NOT NULL)
        """
    birth_same = " AND ".join(f"d.{part} IS NOT DISTINCT FROM s.birth_{part}" for part in BIRTH)
    columns = [
        ("today", "(now() AT TIME ZONE r_branch_id.time_zone)::date"),
        *[(f"{kind}_act", _point_act(kind)) for kind in POINTS if scope.has(kind)],
        *[(f"{kind}_point", f"c.{kind}_core") for kind in POINTS if scope.has(kind)],
        *[(f"{code}_act", _fact_act(code)) for code in FACTS if scope.has(code)],
        ("dated_id", "d.id"),
        (
            "dated_act",
            f"""CASE WHEN s.birth_date IS NULL THEN NULL WHEN d.id IS NULL THEN 'i'
                     WHEN NOT ({birth_same}) THEN 'u' END""",
        ),
        ("assignment_id", "a.id"),
        (
            "manager_act",
            f"""CASE WHEN r_manager_id.id IS NULL THEN NULL WHEN a.id IS NULL THEN 'i'
                     WHEN a.manager_id = r_manager_id.id THEN CASE WHEN {_on_record("manager")} THEN 'd' END
                     {"WHEN true THEN 'u'" if settings.CORE_OWNS_ASSIGNMENT else ""}
                     WHEN {_said("manager", "s.manager_staff_number")} THEN NULL ELSE 'v' END""",
        ),
        (
            "tier_act",
            f"""CASE WHEN r_tier_id.id IS NULL OR t.id IS NULL THEN NULL WHEN t.tier_id IS NULL THEN 'i'
                     WHEN t.tier_id = r_tier_id.id THEN CASE WHEN {_on_record("tier")} THEN 'd' END
                     {"WHEN true THEN 'i'" if settings.CORE_OWNS_TIER else ""}
                     WHEN {_said("tier", "s.tier")} THEN NULL ELSE 'v' END""",
        ),
        ("status_moves", "COALESCE(t.status <> s.status, false)"),
        ("others", "COALESCE(c.others, 0)"),
        (
            "has_other_names",
            "COALESCE(t.legal_name <> '' OR (s.native_name IS NULL AND t.native_name <> ''), false)",
        ),
    ]
    return columns, joins


def changes(scope: Scope) -> list[Change]:
    """What an update does to what lives outside the client's own row, for the preview."""

    def told(column: str, act: str, old: str) -> Change:
        return Change(column, f"({old})", f"p.{act} IN ('i', 'u')", f"p.{act} = 'v'")

    types = scope.params["types"]
    return [
        *(
            told(
                kind,
                f"{kind}_act",
                "SELECT k.value FROM clients_contactpoint k WHERE k.client_id = t.id"
                f" AND k.kind = '{kind}' ORDER BY k.is_primary DESC, k.id LIMIT 1",
            )
            for kind in POINTS
        ),
        *(
            told(
                code,
                f"{code}_act",
                "SELECT k.value FROM clients_fact k WHERE k.client_id = t.id"
                f" AND k.type_id = {types[code]:d} ORDER BY k.id LIMIT 1",
            )
            for code in FACTS
        ),
        told(
            "birth_date",
            "dated_act",
            f"SELECT {BIRTH_TEXT.format(t='d')} FROM clients_datedfact d WHERE d.id = p.dated_id",
        ),
        told(
            "manager_staff_number",
            "manager_act",
            "SELECT u.staff_number FROM clients_assignment a JOIN staff_user u ON u.id = a.manager_id"
            " WHERE a.id = p.assignment_id",
        ),
        told("tier", "tier_act", "SELECT x.code FROM clients_tier x WHERE x.id = t.tier_id"),
    ]
