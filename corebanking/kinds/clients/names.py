"""Words and pieces of SQL that planning, writing and undoing an import of clients share."""

POINTS = ("phone", "email", "address")
FACTS = ("occupation", "employer")
NAMES = ("name", "given_name", "family_name", "native_name")
BIRTH_CODES = {"person": "birthday", "organisation": "founding"}  # kind of client: kind of date
BIRTH = ("calendar", "year", "month", "day", "is_leap_month")

BIRTH_TEXT = """
    (CASE WHEN {t}.calendar = 'lunar' THEN 'lunar:' ELSE '' END)
    || CASE WHEN {t}.month IS NULL THEN lpad({t}.year::text, 4, '0') ELSE
        COALESCE(lpad({t}.year::text, 4, '0'), '-') || '-' || (CASE WHEN {t}.is_leap_month THEN 'L' ELSE '' END)
        || lpad({t}.month::text, 2, '0') || '-' || lpad({t}.day::text, 2, '0') END
"""
