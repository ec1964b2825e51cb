from django.urls import path

from staff.views import people, saved

urlpatterns = [
    path("team/cover/<int:pk>/end/", people.cover_end, name="cover-end"),
    path("team/<int:pk>/deactivate/", people.user_deactivate, name="user-deactivate"),
    path("team/<int:pk>/reactivate/", people.user_reactivate, name="user-reactivate"),
    path("views/save/", saved.view_save, name="view-save"),
    path("views/restore/", saved.view_restore, name="view-restore"),
    path("views/<int:pk>/rename/", saved.view_rename, name="view-rename"),
    path("views/<int:pk>/remove/", saved.view_remove, name="view-remove"),
]
