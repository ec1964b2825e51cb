from django.urls import path

from staff import views

urlpatterns = [
    path("team/", views.team, name="team"),
    path("team/cover/<int:pk>/end/", views.cover_end, name="cover-end"),
    path("team/<int:pk>/deactivate/", views.user_deactivate, name="user-deactivate"),
]
