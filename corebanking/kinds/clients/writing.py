"""The statements that write what hangs on a client: contact points, facts, birth dates, standing, manager."""

from corebanking.kinds.base import CREATE, UPDATE, Scope
from corebanking.kinds.clients.names import BIRTH, BIRTH_CODES, BIRTH_TEXT, FACTS, POINTS
from corebanking.kinds.ledger import LEDGER, change, sql_hash

# Without limit where the file does not say: a bank loaded today can be reviewed for last year (numbers.md).
SINCE = "CASE WHEN s.since IS NOT NULL THEN LEAST(s.since, p.today) END"


def point_changes(scope: Scope, staged: str, kind: str) -> list[str]:
    fact_type = format(scope.params["types"][kind], "d")
    slot, old, new = "'contact_point/' || r.id", sql_hash("r.value"), sql_hash(f"s.{kind}")
    return [
        f"""
        {LEDGER}
        SELECT {change(scope, client="r.client_id", fact_type=fact_type, slot=slot, old=old, new=new)}
        FROM {staged} JOIN clients_contactpoint r ON r.id = p.{kind}_point
        WHERE p.act = 'u' AND p.{kind}_act = 'u'
        """,
        f"""
        UPDATE clients_contactpoint k SET value = s.{kind}, is_verified = false, do_not_use = false
        FROM {staged} WHERE p.act = 'u' AND p.{kind}_act = 'u' AND k.id = p.{kind}_point
        """,
    ]


def birth_changes(scope: Scope, staged: str) -> list[str]:
    found = []
    for client_kind, code in BIRTH_CODES.items():
        if code not in scope.params["types"]:  # a bank may keep founding days out of its catalogue
            continue
        fact_type = format(scope.params["types"][code], "d")
        slot, old, new = "'dated_fact/' || r.id", sql_hash(BIRTH_TEXT.format(t="r")), sql_hash("s.birth_date")
        found.append(
            f"""
            {LEDGER}
            SELECT {change(scope, client="r.client_id", fact_type=fact_type, slot=slot, old=old, new=new)}
            FROM {staged} JOIN clients_datedfact r ON r.id = p.dated_id
            WHERE p.act = 'u' AND p.dated_act = 'u' AND s.kind = '{client_kind}'
            """
        )
    sets = ", ".join(f"{part} = s.birth_{part}" for part in BIRTH)
    found.append(
        f"""
        UPDATE clients_datedfact d SET {sets}
        FROM {staged} WHERE p.act = 'u' AND p.dated_act = 'u' AND d.id = p.dated_id
        """
    )
    return found


def news_sql(scope: Scope, staged: str) -> str:
    """Contact points, facts and birth dates that were not known, and their entries in the ledger.

    One statement, and in the order of the clients: every index on the client then grows at its end.
    """
    types = scope.params["types"]
    points = [kind for kind in POINTS if scope.has(kind)]
    facts = [code for code in FACTS if scope.has(code)]
    taken = [f"s.{c}, p.{c}_act" for c in (*points, *facts)]
    parts, written = [], []
    if points:
        values = ", ".join(f"('{kind}', n.{kind}, n.{kind}_act)" for kind in points)
        parts.append(
            f"""points AS (
                INSERT INTO clients_contactpoint
                    (client_id, kind, value, is_primary, is_verified, entered_by, do_not_use)
                SELECT n.client_id, k.kind, k.value, true, false, 'core', false
                FROM n CROSS JOIN LATERAL (VALUES {values}) k (kind, value, act) WHERE k.act = 'i'
                RETURNING id, client_id, kind, value
            )"""
        )
        codes = " ".join(f"WHEN '{kind}' THEN {types[kind]:d}" for kind in points)
        written.append(f"SELECT client_id, CASE kind {codes} END, 'contact_point/' || id, value FROM points")
    if facts:
        values = ", ".join(f"({types[code]:d}, n.{code}, n.{code}_act)" for code in facts)
        parts.append(
            f"""facts AS (
                INSERT INTO clients_fact (client_id, type_id, value, currency)
                SELECT n.client_id, k.type_id, k.value, ''
                FROM n CROSS JOIN LATERAL (VALUES {values}) k (type_id, value, act) WHERE k.act = 'i'
                RETURNING id, client_id, type_id, value
            )"""
        )
        written.append("SELECT client_id, type_id, 'fact/' || id, value FROM facts")
    if scope.has("birth_date"):
        columns = ", ".join(f"birth_{part}" for part in BIRTH)
        taken.append(f"s.kind AS client_kind, p.dated_act, {columns}")
        kinds = " ".join(f"WHEN '{kind}' THEN '{code}'" for kind, code in BIRTH_CODES.items())
        parts.append(
            f"""dated AS (
                INSERT INTO clients_datedfact (client_id, kind, person, {", ".join(BIRTH)})
                SELECT n.client_id, CASE n.client_kind {kinds} END, '', {columns}
                FROM n WHERE n.dated_act = 'i' RETURNING *
            )"""
        )
        written += [
            f"SELECT client_id, {types[code]:d}, 'dated_fact/' || id, {BIRTH_TEXT.format(t='dated')}"
            f" FROM dated WHERE kind = '{code}'"
            for code in BIRTH_CODES.values()
            if code in types  # a bank may keep founding days out of its catalogue
        ]
    if not parts:
        return ""
    return f"""
        WITH n AS MATERIALIZED (
            SELECT p.target_id AS client_id, {", ".join(taken)}
            FROM {staged} WHERE p.act IN ('c', 'u') ORDER BY p.target_id
        ), {", ".join(parts)}
        {LEDGER}
        SELECT {change(scope, client="r.client_id", fact_type="r.type_id", slot="r.slot", new=sql_hash("r.value"))}
        FROM ({" UNION ALL ".join(written)}) r (client_id, type_id, slot, value) ORDER BY r.client_id
    """


def standing_sql(scope: Scope, staged: str) -> list[str]:
    first = f"""
        INSERT INTO clients_standing (client_id, branch_id, tier_id, status, from_on)
        SELECT p.target_id, p.branch_id, p.tier_id, COALESCE(s.status, 'active'), {SINCE}
        FROM {staged} WHERE p.act = 'c' ORDER BY p.target_id
    """
    found = [first] if CREATE in scope.acts else []
    return [*found, *standing_changes(scope.plan)] if UPDATE in scope.acts else found


def standing_changes(plan: str) -> list[str]:
    """The standings of updated clients follow their rows. `plan` needs target_id, act and today."""
    stands = "(st.branch_id, st.tier_id, st.status) IS DISTINCT FROM (c.branch_id, c.tier_id, c.status)"
    changed = f"""
        FROM {plan} p JOIN clients_client c ON c.id = p.target_id
        WHERE p.act = 'u' AND st.client_id = c.id AND st.to_on IS NULL AND {stands}
    """
    return [
        # a second change on the same day replaces the first one's row: no standing lasts no day
        f"""
        UPDATE clients_standing st SET branch_id = c.branch_id, tier_id = c.tier_id, status = c.status
        {changed} AND st.from_on >= p.today
        """,
        f"UPDATE clients_standing st SET to_on = p.today {changed}",
        f"""
        INSERT INTO clients_standing (client_id, branch_id, tier_id, status, from_on)
        SELECT c.id, c.branch_id, c.tier_id, c.status,
            CASE WHEN EXISTS (SELECT 1 FROM clients_standing o WHERE o.client_id = c.id) THEN p.today END
        FROM {plan} p JOIN clients_client c ON c.id = p.target_id
        WHERE p.act = 'u'
        AND NOT EXISTS (SELECT 1 FROM clients_standing o WHERE o.client_id = c.id AND o.to_on IS NULL)
        """,
    ]


def assignment_sql(scope: Scope, staged: str) -> list[str]:
    ended = f"""
        UPDATE clients_assignment a SET to_on = GREATEST(p.today, a.from_on)
        FROM {staged} WHERE p.act = 'u' AND p.manager_act = 'u' AND a.id = p.assignment_id
    """
    return [
        ended if UPDATE in scope.acts else "",
        f"""
        INSERT INTO clients_assignment (client_id, manager_id, role, from_on, reason)
        SELECT p.target_id, p.manager_id, 'primary',
            CASE p.act WHEN 'c' THEN {SINCE} ELSE p.today END, ''
        FROM {staged} WHERE p.act IN ('c', 'u') AND p.manager_act IN ('i', 'u') ORDER BY p.target_id
        """,
    ]


def core_value_sql(scope: Scope, staged: str) -> list[str]:
    fields = {
        **{kind: f"s.{kind}" for kind in POINTS if scope.has(kind)},
        **{code: f"left(s.{code}, 254)" for code in FACTS if scope.has(code)},
        "manager": "s.manager_staff_number",
        "tier": "s.tier",
    }
    found = []
    for field, value in fields.items():
        found.append(
            f"""
            INSERT INTO clients_corevalue (client_id, field, value, said_at)
            SELECT p.target_id, '{field}', {value}, now()
            FROM {staged} WHERE p.act = 'u' AND p.{field}_act = 'v'
            ON CONFLICT (client_id, field)
            DO UPDATE SET value = EXCLUDED.value, said_at = EXCLUDED.said_at, ignored_at = NULL
            """
        )
        found.append(
            f"""
            DELETE FROM clients_corevalue w USING {scope.plan} p
            WHERE p.act = 'u' AND p.{field}_act = 'd' AND w.client_id = p.target_id AND w.field = '{field}'
            """
        )
    return found
