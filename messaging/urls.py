from django.urls import path

from messaging import views

urlpatterns = [
    path("notifications/", views.notification_list, name="notification-list"),
    path("notifications/bell/", views.notification_bell, name="notification-bell"),
    path("notifications/read/", views.notification_read_all, name="notification-read-all"),
    path("notifications/<int:pk>/read/", views.notification_read, name="notification-read"),
    path("outbox/", views.outbox_list, name="outbox-list"),
    path("outbox/<int:pk>/settle/", views.outbox_settle, name="outbox-settle"),
]
