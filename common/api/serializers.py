"""The shape of bodies: nothing unknown passes, and what is named must be visible."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers


class StrictSerializer(serializers.Serializer):
    """An input that refuses fields it does not know, by name: a typing mistake must not pass unseen."""

    def to_internal_value(self, data):
        if isinstance(data, dict):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            unknown = sorted(str(name)[:60] for name in set(data) - writable)
            if unknown:
                raise serializers.ValidationError(
                    {name: [_("There is no such field here.")] for name in unknown}, code="unknown"
                )
        return super().to_internal_value(data)


class CodeField(serializers.SlugRelatedField):
    """The code of a related row in an answer."""

    def __init__(self, slug_field: str = "code", **kwargs):
        super().__init__(slug_field, read_only=True, **kwargs)


class VisibleField(serializers.SlugRelatedField):
    """A row named by a unique code, among those the asker may see. Hidden and absent give one message.

    `VisibleField("number", queryset=Client.objects)`; a manager whose queryset has no `visible_to` is a
    catalogue that everyone may read, and is passed with `everyone=True`.
    """

    default_error_messages = {
        "does_not_exist": gettext_lazy("There is none by this code."),
        "invalid": gettext_lazy("Write a code."),
    }

    def __init__(self, slug_field: str, *, queryset, everyone: bool = False, **kwargs):
        self.everyone = everyone
        super().__init__(slug_field=slug_field, queryset=queryset, **kwargs)

    def get_queryset(self):
        queryset: Any = super().get_queryset()
        return queryset if self.everyone else queryset.visible_to(self.context["request"].user)

    def to_internal_value(self, data):
        if not isinstance(data, str) or len(data) > 200 or "\x00" in data:
            self.fail("invalid")
        return super().to_internal_value(data)


class VisibleIdField(serializers.PrimaryKeyRelatedField):
    """As VisibleField, for rows that have no code but their id."""

    default_error_messages = {
        "does_not_exist": gettext_lazy("There is none by this id."),
        "incorrect_type": gettext_lazy("Write an id: a whole number."),
    }

    def get_queryset(self):
        queryset: Any = super().get_queryset()
        return queryset.visible_to(self.context["request"].user)


class Nothing(StrictSerializer):
    """A body that must be empty."""
