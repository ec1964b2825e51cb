"""Rules that the indicators lean on: on any day a client stands in one primary book.

(That standings neither overlap nor leave days out is checked with the clients.)
"""

from common.checks import found_by_sql


def checks() -> list[str]:
    return found_by_sql(
        """
        SELECT DISTINCT client_id FROM (
            SELECT client_id, from_on, to_on,
                   lag(coalesce(to_on, 'infinity')) OVER book AS ended_on, row_number() OVER book AS place
              FROM clients_assignment
             WHERE role = 'primary' AND (from_on IS NULL OR to_on IS NULL OR to_on > from_on)
            WINDOW book AS (PARTITION BY client_id ORDER BY from_on NULLS FIRST, to_on NULLS LAST)
        ) a WHERE place > 1 AND (from_on IS NULL OR from_on < ended_on)
        """,
        "clients who stand in two books on one day",
    )
