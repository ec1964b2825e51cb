"""When a client was last reached and when the next contact is due."""

from collections.abc import Iterable

from django.db import connection

from interactions.services.overtaken import withdrawing

# Counted from the last reached contact in the branch's own days; never reached: from the assignment.
# What the front desk wrote down in passing, without a theme, is no talk (`ContactQuerySet.moving_cadence`).
_REFRESH = """
WITH moved AS (
UPDATE clients_client c
SET last_reached_at = fresh.reached_at, next_due_on = fresh.due_on
FROM (
    SELECT k.id,
           last.reached_at,
           CASE WHEN k.status NOT IN ('closed', 'deceased') THEN COALESCE(
               (last.reached_at AT TIME ZONE b.time_zone)::date,
               (SELECT a.from_on FROM clients_assignment a
                WHERE a.client_id = k.id AND a.role = 'primary' AND a.to_on IS NULL)
           ) + COALESCE(agreed.interval_days, t.ideal_days)::int END AS due_on
    FROM clients_client k
    JOIN staff_branch b ON b.id = k.branch_id
    LEFT JOIN clients_tier t ON t.id = k.tier_id
    LEFT JOIN clients_contactagreement agreed ON agreed.client_id = k.id AND agreed.to_on IS NULL
    LEFT JOIN LATERAL (
        SELECT max(i.occurred_at) AS reached_at FROM interactions_contact i
        WHERE i.client_id = k.id AND i.voided_at IS NULL AND i.result = 'reached'
          AND NOT (i.direction = 'out' AND i.channel IN ('email', 'letter', 'sms'))
          AND NOT (i.direction = 'in' AND i.channel = 'branch' AND i.theme_id IS NULL
                   AND EXISTS (SELECT FROM staff_user s WHERE s.id = i.staff_id AND s.role = 'front_desk'))
    ) last ON true
    WHERE {scope}
) fresh
WHERE fresh.id = c.id
  AND (c.last_reached_at, c.next_due_on) IS DISTINCT FROM (fresh.reached_at, fresh.due_on)
RETURNING c.id, c.next_due_on, c.risk_valid_until, c.document_valid_until, c.weakening_since
), {withdrawing} SELECT count(*) FROM moved
"""


def refresh_cadence(client_ids: Iterable[int] | None = None) -> int:
    """Recompute `Client.last_reached_at` and `next_due_on`, of all clients or some; how many changed.

    Rule: the agreed interval, else the ideal one of the tier, from the last reached contact (domain.md,
    ServicePlan); closed and deceased clients are due never. Effects: reminders follow (overtaken). Repeatable.
    """
    scope, params = ("true", []) if client_ids is None else ("k.id = ANY(%s)", [list(client_ids)])
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH.format(scope=scope, withdrawing=withdrawing("moved")), params)
        return cursor.fetchone()[0]
