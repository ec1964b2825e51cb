from django.urls import path

from interactions.views import bulk, contacts, file, team, today

urlpatterns = [
    path("today/", today.today, name="today"),
    path("today/dense/", today.today_dense, name="today-dense"),
    path("actions/plan/", today.action_plan, name="action-plan"),
    path("actions/<int:pk>/", today.action_hand, name="action-hand"),
    path("actions/<int:pk>/snooze/", today.action_change, {"what": "snooze"}, name="action-snooze"),
    path("actions/<int:pk>/skip/", today.action_change, {"what": "skip"}, name="action-skip"),
    path("actions/<int:pk>/hand-over/", today.action_change, {"what": "hand-over"}, name="action-hand-over"),
    path("actions/<int:pk>/done/", today.action_done, name="action-done"),
    path("actions/<int:pk>/undo/<slug:what>/", today.action_undo, name="action-undo"),
    path("contacts/log/", contacts.contact_log, name="contact-log"),
    path("contacts/<int:pk>/", contacts.contact_change, name="contact-change"),
    path("contacts/<int:pk>/void/", contacts.contact_void, name="contact-void"),
    path("contacts/<int:pk>/undo/", contacts.contact_undo, name="contact-undo"),
    path("clients/plan/", bulk.clients_plan, name="clients-plan"),
    path("clients/plan/<int:at>/undo/", bulk.clients_plan_undo, name="clients-plan-undo"),
    path("clients/hand-over/", bulk.clients_hand_over, name="clients-hand-over"),
    path("team/", team.team, name="team"),
    path("team/<int:pk>/hand-over/", team.book_hand_over, name="book-hand-over"),
    path("client/<str:number>/", file.client_detail, name="client-detail"),
    path("client/<str:number>/<slug:tab>/", file.client_detail, name="client-tab"),
]
