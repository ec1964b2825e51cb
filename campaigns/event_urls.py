from django.urls import path

from campaigns.views import events, invitations

urlpatterns = [
    path("events/", events.event_list, name="event-list"),
    path("events/add/", events.event_add, name="event-add"),
    path("events/<int:pk>/", events.event_detail, name="event-detail"),
    path("events/<int:pk>/change/", events.event_change, name="event-change"),
    path("events/<int:pk>/cancel/", events.event_cancel, name="event-cancel"),
    path("events/<int:pk>/prepare/", events.preparation_add, name="preparation-add"),
    path("events/preparations/<int:pk>/tick/", events.preparation_tick, name="preparation-tick"),
    path("events/preparations/<int:pk>/drop/", events.preparation_drop, name="preparation-drop"),
    path("events/<int:pk>/ask/", events.question_note, name="question-note"),
    path("events/questions/<int:pk>/reply/", events.question_reply, name="question-reply"),
    path("events/<int:pk>/invite/", invitations.event_invite, name="event-invite"),
    path("events/<int:pk>/export/", invitations.event_export, name="event-export"),
    path("events/invitations/<int:pk>/answer/", invitations.invitation_answer, name="invitation-answer"),
    path(
        "events/invitations/<int:pk>/withdraw/", invitations.invitation_withdraw, name="invitation-withdraw"
    ),
]
