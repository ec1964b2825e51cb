"""What is outside and at the door of events."""

from django.urls import path

from campaigns.views import door, public, sending

urlpatterns = [
    path("events/<int:pk>/send/", sending.event_send, name="event-send"),
    path("door/", door.doors, name="door"),
    path("events/<int:pk>/door/", door.event_door, name="event-door"),
    path("events/<int:pk>/door/in/", door.event_check_in, name="event-check-in"),
    path("events/<int:pk>/door/out/<int:number>/", door.event_check_in_undo, name="event-check-in-undo"),
    path("events/<int:pk>/door/walk-in/", door.event_walk_in, name="event-walk-in"),
    path("events/<int:pk>/door/guest/", door.event_guest, name="event-guest"),
    path("events/<int:pk>/door/guest/<int:guest>/undo/", door.event_guest_undo, name="event-guest-undo"),
    path("events/<int:pk>/door/close/", door.event_door_close, name="event-door-close"),
    path("events/<int:pk>/door/open/", door.event_door_open, name="event-door-open"),
    path("events/<int:pk>/door/list/", door.event_door_list, name="event-door-list"),
    path("invitation/<str:token>/", public.invitation, name="invitation-public"),
    path("invitation/<str:token>/date/", public.invitation_date, name="invitation-calendar"),
]
