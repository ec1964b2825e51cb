from django.urls import path

from interactions.views import contacts, counter, file, today

urlpatterns = [
    path("today/", today.today, name="today"),
    path("today/dense/", today.today_dense, name="today-dense"),
    path("today/arrivals/", counter.arrival_list, name="arrival-list"),
    path("arrivals/<int:pk>/answer/", counter.arrival_answer, name="arrival-answer"),
    path("arrivals/<int:pk>/close/", counter.arrival_close, name="arrival-close"),
    path("counter/", counter.counter, name="counter"),
    path("counter/note/", counter.counter_note, name="counter-note"),
    path("counter/tell/", counter.counter_tell, name="counter-tell"),
    path("counter/left/", counter.counter_left, name="counter-left"),
    path("counter/answer/", counter.counter_answer, name="counter-answer"),
    path("counter/close/", counter.counter_close, name="counter-close"),
    path("counter/notes/<int:pk>/take-back/", counter.counter_take_back, name="counter-take-back"),
    path("counter/notes/<int:pk>/undo/", counter.counter_undo, name="counter-undo"),
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
