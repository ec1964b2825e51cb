"""What the collections of contacts, actions and what follows from them share."""

from rest_framework import serializers

from clients.models import Theme
from common.api.serializers import StrictSerializer, VisibleField
from staff.models import User


class ThemeField(VisibleField):
    def __init__(self, **kwargs):
        super().__init__("code", queryset=Theme.objects, everyone=True, **kwargs)


class ColleagueField(VisibleField):
    """Somebody whom the asker may name, by staff number."""

    def __init__(self, **kwargs):
        super().__init__("staff_number", queryset=User.objects, **kwargs)


class ReasonInput(StrictSerializer):
    reason = serializers.CharField(max_length=300)
