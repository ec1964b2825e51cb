"""Of which clients something changed that a reminder or a planned contact hangs on.

History says so: triggers write it for every row, whoever changes it, by a page, an import, its undoing or plain SQL.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from clients.models import Theme
from interactions.sources import MaturitySource

# A change is dated by the beginning of its transaction, and seen only after its end.
LONGEST_TRANSACTION = timedelta(days=1)
LONGEST_SILENCE = timedelta(days=7)  # after a longer time everything is looked at
MOST = 100_000  # more are no few: then too

# The client; the book; an action reopened, or one that stands in for a planned contact; an
# appointment that no longer keeps an action; who holds a book no longer works; a date, a holding,
# a purchase taken back, a crossing or a movement that was none, assets that fell again: of whomever they were told, for they may have gone to another client.
_TOUCHED = """
WITH touched (client_id) AS (
SELECT e.pgh_obj_id FROM clients_clientevent e WHERE e.pgh_created_at >= %(since)s
UNION
SELECT e.client_id FROM clients_assignmentevent e WHERE e.pgh_created_at >= %(since)s
UNION
SELECT e.client_id FROM interactions_actionevent e
 WHERE e.pgh_created_at >= %(since)s AND e.state = 'planned'
   AND (e.pgh_label = 'update' OR e.origin <> 'plan' AND e.theme_id = %(theme)s)
UNION
SELECT a.client_id
  FROM interactions_appointmentevent e JOIN interactions_action a ON a.id = e.action_id
 WHERE e.pgh_created_at >= %(since)s
UNION
SELECT h.client_id
  FROM staff_userevent e
  JOIN staff_user u ON u.id = e.pgh_obj_id AND NOT (u.is_active AND u.role = 'account_manager')
  JOIN clients_assignment h ON h.manager_id = u.id AND h.to_on IS NULL
 WHERE e.pgh_created_at >= %(since)s
UNION
SELECT o.client_id
  FROM clients_datedfactevent e
  JOIN interactions_occurrence o
    ON o.source IN ('birthday', 'anniversary') AND o.subject = 'dated_fact/' || e.pgh_obj_id
 WHERE e.pgh_created_at >= %(since)s
UNION
SELECT o.client_id
  FROM portfolio_holdingevent e
 CROSS JOIN unnest(%(steps)s::int[]) AS s (step)
  JOIN interactions_occurrence o ON o.source = 'maturity' AND o.subject = 'holding/' || e.number || '/T-' || s.step
 WHERE e.pgh_created_at >= %(since)s
UNION
SELECT o.client_id
  FROM portfolio_purchaseevent e
  JOIN portfolio_purchase p ON p.id = e.reverses_id
  JOIN interactions_occurrence o ON o.source = 'purchase_review' AND o.subject = 'purchase/' || p.number
 WHERE e.pgh_created_at >= %(since)s
UNION
SELECT e.client_id FROM portfolio_limitcrossingevent e
 WHERE e.pgh_created_at >= %(since)s AND e.pgh_label <> 'insert'
UNION
SELECT e.client_id FROM portfolio_movementevent e WHERE e.pgh_created_at >= %(since)s
UNION
SELECT s.client_id FROM portfolio_clientassets s WHERE s.over_ended_at >= %(since)s
UNION
SELECT o.client_id FROM interactions_occurrence o
 WHERE o.source = 'tier_upgrade' AND NOT EXISTS (SELECT FROM portfolio_clientassets s WHERE s.client_id = o.client_id)
)
SELECT DISTINCT a.client_id
  FROM touched JOIN interactions_action a ON a.client_id = touched.client_id AND a.state = 'planned'
 LIMIT %(most)s
"""


def touched_since(moment: datetime | None) -> list[int] | None:
    """Clients with an open action of whom something changed since a moment, by id; None: look at all."""
    if moment is None or moment < timezone.now() - LONGEST_SILENCE:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            _TOUCHED,
            {
                "since": moment - LONGEST_TRANSACTION,
                "theme": Theme.objects.get(code="keeping_in_touch").pk,
                "steps": list(MaturitySource.steps),
                "most": MOST,
            },
        )
        found = [pk for (pk,) in cursor.fetchall()]
    return found if len(found) < MOST else None
