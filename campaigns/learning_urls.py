"""Articles, cases and lectures; and the one page that is for the client."""

from django.urls import path

from campaigns.views import learning

urlpatterns = [
    path("pieces/", learning.piece_list, name="piece-list"),
    path("pieces/add/", learning.piece_add, name="piece-add"),
    path("pieces/<int:pk>/", learning.piece_detail, name="piece-detail"),
    path("pieces/<int:pk>/change/", learning.piece_change, name="piece-change"),
    path("pieces/<int:pk>/publish/", learning.piece_publish, name="piece-publish"),
    path("pieces/<int:pk>/withdraw/", learning.piece_withdraw, name="piece-withdraw"),
    path("pieces/<int:pk>/restore/", learning.piece_restore, name="piece-restore"),
    path("pieces/<int:pk>/send/", learning.piece_send, name="piece-send"),
    path("pieces/<int:pk>/export/", learning.piece_export, name="piece-export"),
    path("reading/<str:token>/", learning.reading, name="reading"),
    path("series/", learning.series_list, name="series-list"),
    path("series/add/", learning.series_add, name="series-add"),
    path("series/<int:pk>/", learning.series_detail, name="series-detail"),
    path("series/<int:pk>/change/", learning.series_change, name="series-change"),
]
