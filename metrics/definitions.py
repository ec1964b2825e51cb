"""The registry of indicators: name, definition in words, one query, one figure made of its row.

Page, command, API and export all read this list, so that they give the same figure. How to add one:
docs/indicators.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from metrics import figures, following, knowing, money, querysets
from metrics.figures import Figure, Row
from metrics.periods import Period

Query = Callable[[querysets.Selection, Iterable[Period], str], list[dict[str, Any]]]

SHARE, COUNT, HOURS, MONEY = "share", "count", "hours", "money"
# The tracks of a review: was the client reached, what was learnt, what wants following up, what was sold,
# what money came and stayed, and who waits.
CONTACT, LEARNT, FOLLOWED, SOLD, ENTRUSTED, LATE = (
    "contact",
    "learnt",
    "followed",
    "sold",
    "entrusted",
    "late",
)
TRACKS = {
    CONTACT: _("Contact"),
    LEARNT: _("What was learnt"),
    FOLLOWED: _("Opportunities"),
    SOLD: _("Sales"),
    ENTRUSTED: _("Money with us"),
    LATE: _("Lateness"),
}


@dataclass(frozen=True)
class Indicator:
    """A defined figure. `figure` gets one row of `query`, or an empty one where the group has none.

    `beside` names a second query whose row is read with it, when a figure divides by what another counts.
    A compared indicator carries the period before and the year before with it.
    """

    key: str
    name: str | Promise
    definition: str | Promise
    unit: str
    query: Query
    figure: Callable[[Row], Figure]
    track: str = CONTACT
    beside: Query | None = None
    is_compared: bool = False

    @property
    def queries(self) -> tuple[Query, ...]:
        return (self.query,) if self.beside is None else (self.beside, self.query)


INDICATORS = [
    Indicator(
        "contact_achievement",
        _("Clients reached"),
        _(
            "The share of the clients that was reached at least once in the period, whoever spoke first and "
            "whichever colleague did. Counted are the clients who were active on the last day of the period, "
            "under the branch and the account manager they had on that day. A letter, an email or a text "
            "message that we send reaches nobody; the answer to it does. Voided contacts count nowhere."
        ),
        SHARE,
        querysets.achievement,
        figures.achievement,
    ),
    Indicator(
        "contact_attempts",
        _("Attempts"),
        _(
            "How often we tried to reach these clients in the period: every outgoing contact, reached or not, "
            "in any channel, by any colleague. Contacts that the client began are not attempts."
        ),
        COUNT,
        querysets.achievement,
        figures.attempts,
    ),
    Indicator(
        "reach_per_attempt",
        _("Reached per attempt"),
        _(
            "The share of the attempts that reached the client. Letters, emails and text messages that we send "
            "are attempts that reach nobody by themselves."
        ),
        SHARE,
        querysets.achievement,
        figures.reach_per_attempt,
    ),
    Indicator(
        "recording_delay",
        _("Hours until recorded"),
        _(
            "How long after a contact with these clients it was written down: the median, the time within which "
            "nine of ten were, and the share within 24 hours. Contacts that came in a file, and messages that were "
            "sent from here, are left aside."
        ),
        HOURS,
        querysets.delays,
        figures.delay,
    ),
    Indicator(
        "repetition",
        _("The same said again too soon"),
        _(
            "The share of the reached contacts and sent messages that were about a theme on which the same client "
            "had been reached or written to already within the theme's minimum gap, by whomever. Days are counted "
            "by the calendar of the branch. Duties may be repeated, and a contact without a theme repeats nothing."
        ),
        SHARE,
        following.repetition,
        figures.repetition,
    ),
    Indicator(
        "agreement_breaches",
        _("Outside the agreement"),
        _(
            "Outgoing contacts that broke the contact agreement in force on their day: another channel or theme "
            "than agreed, another weekday or hour by the branch's clock, or longer than agreed. A contact that "
            "breaks several points counts once; contacts that came in a file count too."
        ),
        COUNT,
        following.breaches,
        figures.breaches,
    ),
    Indicator(
        "facts_gained",
        _("Facts gained"),
        _(
            "What staff wrote into the files of these clients in the period: learnt, where nothing was known when "
            "it began, and corrected, where something else was. Compared are the end and the beginning of the "
            "period, so that writing the same again, changing and changing back, or taking something off the file "
            "counts nothing. What a file or the clients themselves brought is not counted."
        ),
        COUNT,
        knowing.facts,
        figures.facts,
        LEARNT,
    ),
    Indicator(
        "new_information",
        _("Files enriched"),
        _("Of the clients reached in the period, the share about whom staff gained at least one fact in it."),
        SHARE,
        knowing.facts,
        figures.new_information,
        LEARNT,
        beside=querysets.achievement,
    ),
    Indicator(
        "completeness",
        _("Completeness of files"),
        _(
            "How much is known of what there is to know, on average over the clients, on the last day of the "
            "period: the weights of the kinds of facts known, whoever brought them, divided by all the weights of "
            "the catalogue."
        ),
        SHARE,
        knowing.completeness,
        figures.completeness,
        LEARNT,
    ),
    Indicator(
        "opportunities_raised",
        _("Interests voiced"),
        _(
            "Interests and intentions to buy that these clients voiced in the period, with the amounts named. "
            "What was voiced in a contact that has been voided is left out."
        ),
        COUNT,
        following.opportunities,
        figures.raised,
        FOLLOWED,
    ),
    Indicator(
        "follow_up",
        _("Followed up in time"),
        _(
            "Of the interests and intentions whose days for following up (seven, unless the bank has set another "
            "number) ended in the period, the share after which the client was reached again, or the stage "
            "changed, on the last of these calendar days at the latest."
        ),
        SHARE,
        following.opportunities,
        figures.follow_up,
        FOLLOWED,
    ),
    Indicator(
        "follow_up_open",
        _("Open opportunities"),
        _(
            "Opportunities that were neither won nor lost when the period ended, with their amounts, by the days "
            "since they were voiced: up to 7, 8 to 30, 31 to 90, and more."
        ),
        COUNT,
        following.opportunities,
        figures.opportunities_open,
        FOLLOWED,
    ),
    Indicator(
        "follow_up_overdue",
        _("Next step past its day"),
        _(
            "Of the opportunities open when the period ended, those whose next step, by the day that is noted "
            "now, should have been taken before the period's last day."
        ),
        COUNT,
        following.opportunities,
        figures.overdue_steps,
        FOLLOWED,
    ),
    Indicator(
        "sales",
        _("Sales"),
        _(
            "What these clients bought in the period, by kind of product, counted for the account manager of the "
            "client, whoever sold it. A reversal takes away on the day it is booked. Amounts stay in their "
            "currency; together they are shown in the reporting currency, at the rate of the day of each purchase "
            "or of the week before. What has no such rate is shown beside it, unconverted."
        ),
        MONEY,
        money.sales,
        figures.sales,
        SOLD,
        is_compared=True,
    ),
    Indicator(
        "net_new_money",
        _("Net new money"),
        _(
            "What came to these clients' accounts from other banks in the period, less what went to other banks, "
            "by the day of booking. The clients' own accounts elsewhere and salaries are included; what moves "
            "between accounts here is not. Amounts stay in their currency; together they are shown in the "
            "reporting currency, at the rate of the day of booking or of the week before. What has no such rate "
            "is shown beside it, unconverted."
        ),
        MONEY,
        money.net_new_money,
        figures.net_new_money,
        ENTRUSTED,
    ),
    Indicator(
        "aum",
        _("Assets with us"),
        _(
            "Deposits and investments of these clients on the last day of the period, loans apart: of each "
            "currency the last balance that is at most 31 days old on that day. Clients of whom there is none are "
            "not in it; how many are is shown. Together the amounts are shown in the reporting currency, at the "
            "rate of that last day or of the week before; what has no such rate is shown beside it, unconverted. "
            "Its change is held against the end of the period before, over the clients of that day, and moves "
            "with the rates where there are several currencies."
        ),
        MONEY,
        money.assets,
        figures.assets,
        ENTRUSTED,
        is_compared=True,
    ),
    Indicator(
        "maturity_retention",
        _("Matured money kept"),
        _(
            "Of the money whose term ended in the period, on the working day to which it moved, the share that "
            "was renewed or moved into another product, in each currency. Terms that were ended early are left "
            "out. As long as it is not settled what became of it, money counts as not kept, and how much that is "
            "stands beside it. Several currencies have one share only where each has a rate of its day."
        ),
        SHARE,
        money.maturities,
        figures.retention,
        ENTRUSTED,
    ),
    Indicator(
        "overdue",
        _("Past ideal"),
        _(
            "Clients who, at the end of the period, had not been reached for longer than the interval agreed with "
            "them or, without an agreement, the ideal interval of their tier. Clients never reached are counted "
            "from the day their account manager took them over, else from the day they became clients."
        ),
        COUNT,
        following.lateness,
        figures.overdue,
        LATE,
    ),
    Indicator(
        "neglected",
        _("Past maximum"),
        _(
            "Clients who, at the end of the period, had not been reached for longer than the maximum interval of "
            "their tier; where a longer interval was agreed with them, for longer than that."
        ),
        COUNT,
        following.lateness,
        figures.neglected,
        LATE,
    ),
    Indicator(
        "promises_kept",
        _("Promises kept"),
        _(
            "Of the promises whose window ended in the period, the share for which the client was reached inside "
            "the window, in a contact recorded after the promise was noted. Promises withdrawn are left out."
        ),
        SHARE,
        following.promises,
        figures.promises,
        LATE,
    ),
]
BY_KEY = {indicator.key: indicator for indicator in INDICATORS}
