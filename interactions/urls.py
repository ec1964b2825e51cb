from django.urls import path

from interactions.views import contacts, file, today

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
    path("client/<str:number>/", file.client_detail, name="client-detail"),
    path("client/<str:number>/<slug:tab>/", file.client_detail, name="client-tab"),
]
