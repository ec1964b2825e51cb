"""Reminders whose cause is gone: they expire by themselves, and come back where the cause does.

Somebody was reached, the risk profile or the document renewed, the relationship judged anew. A contact that is
taken back puts the reminder back. An action with several causes stays as long as one of them.
"""

from django.db import connection

from staff.models import Branch

# The day of the client that an occurrence of a source stands for; the cause is gone where it has moved on.
DAYS = {
    "not_reached": "next_due_on",
    "risk_expiry": "risk_valid_until",
    "document_expiry": "document_valid_until",
    "relationship": "weakening_since",
}
_SOURCES = ", ".join(f"'{source}'" for source in DAYS)
_DAY = " ".join(f"WHEN '{source}' THEN k.{column}" for source, column in DAYS.items())
_CAUSE = f"""
    SELECT o.action_id, bool_or(o.source NOT IN ({_SOURCES}) OR o.due_on = CASE o.source {_DAY} END) AS holds
      FROM {{clients}} k
      JOIN interactions_occurrence o ON o.client_id = k.id
      JOIN interactions_action a ON a.id = o.action_id AND a.origin = 'occurrence'
       AND (a.state = 'planned' OR a.state = 'expired' AND a.closed_at > now() - interval '400 days')
     GROUP BY o.action_id
    HAVING bool_or(o.source IN ({_SOURCES}))
     UNION ALL
    SELECT a.id, false  -- a planned contact of a round that is over; the next morning plans the next one
      FROM {{clients}} k
      JOIN interactions_action a ON a.client_id = k.id AND a.origin = 'plan' AND a.state = 'planned'
     WHERE a.event_on IS DISTINCT FROM k.next_due_on
"""
_SETTLE = """
UPDATE interactions_action a
   SET state = CASE WHEN cause.holds THEN 'planned' ELSE 'expired' END,
       closed_at = CASE WHEN cause.holds THEN NULL ELSE now() END
  FROM cause
 WHERE a.id = cause.action_id AND a.state = CASE WHEN cause.holds THEN 'expired' ELSE 'planned' END
"""


def settling(clients: str) -> str:
    """Two parts of a WITH that settle the reminders of some clients; `clients` names them with their days."""
    return f"cause AS ({_CAUSE.format(clients=clients)}), settled AS ({_SETTLE} RETURNING a.id)"


def settle_overtaken(branch: Branch) -> int:
    """Settle the reminders of a branch's clients; how many changed. Repeatable."""
    theirs = f"theirs AS (SELECT id, {', '.join(DAYS.values())} FROM clients_client WHERE branch_id = %s)"
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {theirs}, {settling('theirs')} SELECT count(*) FROM settled", [branch.pk])
        return cursor.fetchone()[0]
