"""The bank of the daily run: of a million clients, made inside the database, with nothing but what comes due.

About one client in two hundred comes due on a day: birthdays of six in ten spread over the year, a rhythm of 400
days for as many, holdings, documents and risk profiles that end, purchases, promises and next steps.
"""

from datetime import date
from random import Random

from django.db import connection

from bankcrm.generated.bank import Bank
from bankcrm.generated.copying import restart_ids, without_history
from bankcrm.generated.people import make_people
from clients.catalogue import ensure_catalogue
from clients.models import Theme, Tier

# A client's number mixed, so that what one has tells nothing of what one has else; below the modulus.
_MIXED = "abs(hashint4extended({n}::int4, {salt}) %% {modulus})"


def mixed(salt: int, modulus: int, n: str = "n") -> str:
    """SQL for a number below the modulus that belongs to `n`, the same each time."""
    return _MIXED.format(n=n, salt=salt, modulus=modulus)


CLIENTS = f"""
INSERT INTO clients_client (
    id, number, kind, name, legal_name, given_name, family_name, native_name, preferred_address, sort_name, gender,
    language, city, country, document_type, document_country, document_hash, document_hint, branch_id, tier_id,
    status, trend, document_valid_until, risk_valid_until, weakening_since, since, source, is_restricted,
    last_reached_at, next_due_on, search, created_at)
SELECT n, lpad(n::text, 8, '0'), 'person', 'Client ' || n, '', '', '', '', '', 'client ' || lpad(n::text, 8, '0'), '',
       'en', l.city, l.country, '', '', '', '', l.branch_id,
       CASE WHEN {mixed(1, 10)} < 6 THEN %(standard)s WHEN {mixed(1, 10)} < 9 THEN %(gold)s ELSE %(private)s END,
       CASE WHEN {mixed(2, 100)} < 95 THEN 'active' ELSE 'dormant' END, 'steady',
       CASE WHEN {mixed(3, 10)} < 5 THEN %(on)s::date - 60 + {mixed(4, 1825)}::int END,
       CASE WHEN {mixed(5, 10)} < 4 THEN %(on)s::date - 60 + {mixed(6, 1095)}::int END,
       CASE WHEN {mixed(7, 3650)} = 0 THEN %(on)s::date - {mixed(8, 30)}::int END,
       date '2015-01-01', 'core', false,
       CASE WHEN due THEN (%(on)s::date - 20 - 400 + {mixed(10, 400)}::int) + time '12:00' AT TIME ZONE 'UTC' END,
       CASE WHEN due THEN %(on)s::date - 20 + {mixed(10, 400)}::int END,
       to_tsvector('simple', lpad(n::text, 8, '0') || ' client'), %(on)s::date - 1
  FROM (SELECT n, {mixed(9, 10)} < 6 AND {mixed(11, 100)} < 90 AS due FROM generate_series(1, %(clients)s) n) k
  JOIN leaf l ON l.place = {mixed(12, 1_000_000_007)} %% %(leaves)s
"""
ASSIGNMENTS = f"""
INSERT INTO clients_assignment (id, client_id, manager_id, role, reason)
SELECT k.id, k.id, l.managers[1 + {mixed(13, 1_000_003, "k.id")} %% cardinality(l.managers)], 'primary', ''
  FROM clients_client k JOIN leaf l ON l.branch_id = k.branch_id
 WHERE k.next_due_on IS NOT NULL OR {mixed(14, 10, "k.id")} < 3
"""
BIRTHDAYS = f"""
INSERT INTO clients_datedfact (id, client_id, kind, person, calendar, year, month, day, is_leap_month)
SELECT n, n, 'birthday', '', 'gregorian', extract(year FROM born), extract(month FROM born), extract(day FROM born), false
  FROM (SELECT n, date '1950-01-01' + {mixed(15, 20000)}::int AS born FROM generate_series(1, %(clients)s) n) k
 WHERE {mixed(16, 10)} < 6
"""
PRODUCTS = """
INSERT INTO portfolio_product (id, code, name, kind, currency, term_days)
VALUES (1, 'TD-365', 'Deposit 12 months', 'term_deposit', 'EUR', 365), (2, 'FUND', 'Balanced fund', 'fund', 'EUR', NULL)
"""
HOLDINGS = f"""
INSERT INTO portfolio_holding
    (id, number, client_id, product_id, opened_on, matures_on, principal, currency, as_of, auto_renew, status)
SELECT n, 'H' || n, 1 + {mixed(17, 1_000_000_007)} %% %(clients)s, 1, %(on)s::date - 2000,
       %(on)s::date + {mixed(18, 1095)}::int, 1000 + {mixed(19, 100_000)}, 'EUR', %(on)s, false, 'open'
  FROM generate_series(1, %(clients)s / 5) n
"""
PURCHASES = f"""
INSERT INTO portfolio_purchase
    (id, number, client_id, product_id, bought_on, amount, currency, campaign_code)
SELECT n, 'P' || n, 1 + {mixed(20, 1_000_000_007)} %% %(clients)s, 2, %(on)s::date - {mixed(21, 1095)}::int, 5000, 'EUR', ''
  FROM generate_series(1, %(clients)s / 33) n
"""
STEPS = f"""
INSERT INTO interactions_action
    (id, client_id, theme_id, channel, opens_on, due_on, origin, state, source, about, currency, severity, cost_currency,
     reason, created_at)
SELECT n, 1 + {mixed(22, 1_000_000_007)} %% %(clients)s, %(theme)s, 'call', day, day, origin, 'planned',
       CASE origin WHEN 'promise' THEN 'promise' ELSE '' END, 'Call back', '', 2, '', '', %(on)s::date - 1
  FROM (SELECT n, %(on)s::date - 10 + {mixed(23, 60)}::int AS day,
               CASE n %% 3 WHEN 0 THEN 'promise' ELSE 'next_step' END AS origin
          FROM generate_series(1, %(clients)s / 55) n) a
"""
PROMISES = """
INSERT INTO interactions_promise
    (client_id, text, opens_on, due_on, action_id, noted_by_id, noted_at, withdrawn_reason)
SELECT client_id, 'Call back', opens_on, due_on, id, (SELECT min(manager_id) FROM clients_assignment), created_at, ''
  FROM interactions_action WHERE origin = 'promise'
"""


def make_daily_bank(*, clients: int, on: date) -> None:
    """Fill an empty database. Effects: no history is written, as in `generate_bank`; VACUUM ANALYZE."""
    ensure_catalogue()
    bank = Bank(clients, 0, on, Random(1), tiers={}, themes={}, fact_types={})
    tiers = dict(Tier.objects.values_list("code", "pk"))
    with without_history(), connection.cursor() as cursor:
        make_people(bank)
        leaves = [leaf for leaf in bank.leaves if leaf.managers]
        cursor.execute(
            "CREATE TEMP TABLE leaf (place int PRIMARY KEY, branch_id bigint, country text, city text, managers bigint[])"
        )
        cursor.executemany(
            "INSERT INTO leaf VALUES (%s, %s, %s, %s, %s)",
            [
                (n, leaf.id, leaf.place.country, leaf.place.city, leaf.managers)
                for n, leaf in enumerate(leaves)
            ],
        )
        params = {
            "clients": clients,
            "leaves": len(leaves),
            "on": on,
            "theme": Theme.objects.get(code="other").pk,
            "standard": tiers["standard"],
            "gold": tiers["gold"],
            "private": tiers["private"],
        }
        for sql in (CLIENTS, ASSIGNMENTS, BIRTHDAYS, PRODUCTS, HOLDINGS, PURCHASES, STEPS, PROMISES):
            cursor.execute(sql, params)
        cursor.execute("SELECT setval(pg_get_serial_sequence('portfolio_purchase', 'id'), %s)", [clients])
        cursor.execute("DROP TABLE leaf")
    restart_ids()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
