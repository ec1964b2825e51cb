"""Rules that campaigns, events and what clients learn from must obey."""

from django.db.models import Exists, F, OuterRef

from campaigns.models import Arm, Campaign, Event, Invitation, PieceSending, Target, TargetAction
from common.checks import found, found_by_sql


def checks() -> list[str]:
    return [
        *found(
            TargetAction.objects.filter(target__arm=Arm.CONTROL),
            "clients left alone by a campaign for whom it has an action",
        ),
        *found(
            Invitation.objects.filter(
                Exists(
                    Target.objects.filter(
                        campaign=OuterRef("event__campaign"), client=OuterRef("client"), arm=Arm.CONTROL
                    )
                ),
                is_walk_in=False,
                withdrawn_at=None,
            ),
            "clients left alone by a campaign who are invited to its event",
        ),
        *found(
            TargetAction.objects.exclude(action=None).exclude(client=F("action__client")),
            "targets with an action of another client",
        ),
        *found(
            TargetAction.objects.exclude(client=F("target__client")), "rounds of a target of another client"
        ),
        *found(
            Campaign.objects.filter(
                state__in=("draft", "waiting"), is_from_file=False, launched_at__isnull=False
            ),
            "campaigns that were launched and are planned again",
        ),
        *found(
            Campaign.objects.filter(state="ended").filter(
                Exists(
                    TargetAction.objects.filter(
                        target__campaign=OuterRef("pk"),
                        has_joined=False,
                        action__state="planned",
                        action__appointment=None,
                    )
                )
            ),
            "campaigns that are over with actions of theirs still open",
        ),
        *found_by_sql(
            """
            SELECT i.event_id FROM campaigns_invitation i
              JOIN campaigns_event e ON e.id = i.event_id
              JOIN clients_client k ON k.id = i.client_id AND k.status NOT IN ('closed', 'deceased')
             WHERE i.answer = 'accepted' AND i.withdrawn_at IS NULL AND e.capacity IS NOT NULL
             GROUP BY i.event_id, e.capacity HAVING sum(1 + i.companions) > e.capacity
            """,
            "events to which more are coming than there is room for",
        ),
        *found(
            Event.objects.exclude(
                Exists(Event.objects.filter(pk=OuterRef("pk"), wordings__language=F("language")))
            ),
            "events without words in their own language",
        ),
        *found(
            PieceSending.objects.exclude(message=None).exclude(client=F("message__client")),
            "pieces sent in a message to another client",
        ),
    ]
