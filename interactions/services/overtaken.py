"""Reminders whose cause no longer stands as it was told: they are withdrawn, and what stands is told anew.

Somebody was reached, a document was renewed, a birthday corrected, a deposit prolonged, a relationship judged
anew. Where nobody has acted yet the occurrence is taken back and its action expires; the next daily run raises
what the cause says then, in time or late. What somebody acted on is never touched.
"""

from django.db import connection, transaction

from staff.models import Branch

# The day of the client that an occurrence of a source stands for.
DAYS = {
    "not_reached": "next_due_on",
    "risk_expiry": "risk_valid_until",
    "document_expiry": "document_valid_until",
    "relationship": "weakening_since",
}
_SOURCES = ", ".join(f"'{source}'" for source in DAYS)
_DAY = " ".join(f"WHEN '{source}' THEN k.{column}" for source, column in DAYS.items())
_OF_CLIENT = f"o.source IN ({_SOURCES}) AND o.due_on IS DISTINCT FROM CASE o.source {_DAY} END"
# Asked once a day: a date that was written anew or taken off, a holding that ended or has another maturity,
# a price or a movement that was corrected, assets that fell again, a tier that was given.
_OF_OTHERS = """
    o.source IN ('birthday', 'anniversary') AND EXISTS (
        SELECT 1 FROM clients_factchange f
         WHERE f.client_id = o.client_id AND f.slot = o.subject AND f.at > o.raised_at)
    OR o.source = 'maturity' AND NOT EXISTS (
        SELECT 1 FROM portfolio_holding h
         WHERE h.client_id = o.client_id AND starts_with(o.subject, 'holding/' || h.number || '/T-')
           AND h.status = 'open' AND h.matures_on = a.event_on)
    OR o.source = 'purchase_review' AND EXISTS (
        SELECT 1 FROM portfolio_purchase p JOIN portfolio_purchase r ON r.reverses_id = p.id
         WHERE p.client_id = o.client_id AND o.subject = 'purchase/' || p.number)
    OR o.source = 'limit' AND NOT EXISTS (
        SELECT 1 FROM portfolio_purchase p JOIN portfolio_limitcrossing c ON c.purchase_id = p.id
         WHERE c.client_id = o.client_id AND c.gone_at IS NULL
           AND o.subject = 'purchase/' || p.number || '/' || c.side || '/T-' || c.on)
    OR o.source = 'outflow' AND NOT EXISTS (
        SELECT 1 FROM portfolio_movement m
         WHERE m.client_id = o.client_id AND o.subject = 'movement/' || m.number)
    OR o.source = 'tier_upgrade' AND NOT EXISTS (
        SELECT 1 FROM portfolio_clientassets s
          JOIN clients_tier t ON t.id = s.over_tier_id
          JOIN clients_client c ON c.id = s.client_id
          LEFT JOIN clients_tier own ON own.id = c.tier_id
         WHERE s.client_id = o.client_id AND right(o.subject, length(t.code) + 1) = '/' || t.code
           AND t.rank > coalesce(own.rank, -1))
"""


def without_appointment(action: str) -> str:
    """The condition that no time and place were agreed with the client for an action: then somebody acted."""
    return f"""NOT EXISTS (
    SELECT FROM interactions_appointment met WHERE met.action_id = {action}.id AND met.cancelled_at IS NULL)"""


_WITHDRAW = """
gone AS (
    DELETE FROM interactions_occurrence o
     USING interactions_action a, {clients} k
     WHERE o.client_id = k.id AND a.id = o.action_id AND a.client_id = k.id AND a.state = 'planned'
       AND a.origin IN ('occurrence', 'plan') AND ({gone}) AND {free}
    RETURNING o.action_id
), withdrawn AS (
    UPDATE interactions_action a SET state = 'expired', closed_at = now()
      FROM {clients} k
     WHERE k.id = a.client_id AND a.state = 'planned' AND {free}
       AND (a.origin = 'occurrence' AND a.id IN (SELECT action_id FROM gone)
         OR a.origin = 'plan' AND a.event_on IS DISTINCT FROM k.next_due_on)
    RETURNING a.id
)
"""


def withdrawing(clients: str, *, whole: bool = False) -> str:
    """Parts of a WITH that withdraw the reminders of some clients; `clients` names them with their days.

    `whole` looks at dates, holdings and purchases as well. A planned contact of a round that is over ends too.
    """
    gone = f"{_OF_CLIENT} OR {_OF_OTHERS}" if whole else _OF_CLIENT
    return _WITHDRAW.format(clients=clients, gone=gone, free=without_appointment("a"))


def withdraw_overtaken(branch: Branch) -> int:
    """Withdraw what is overtaken of a branch's clients; how many actions ended. Repeatable."""
    return withdraw_from([branch.pk])


@transaction.atomic
def withdraw_from(branches: list[int], among: list[int] | None = None) -> int:
    """`withdraw_overtaken` for several branches at once, by id; of some of their clients, or of all."""
    theirs = f"theirs AS NOT MATERIALIZED (SELECT id, {', '.join(DAYS.values())} FROM clients_client WHERE branch_id = ANY(%s)"
    theirs += ")" if among is None else " AND id = ANY(%s))"
    with connection.cursor() as cursor:
        # Two runs take turns: they would wait for each other's rows in a ring.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('withdraw'))")
        cursor.execute(
            f"WITH {theirs}, {withdrawing('theirs', whole=True)} SELECT count(*) FROM withdrawn",
            [branches] if among is None else [branches, among],
        )
        return cursor.fetchone()[0]
