"""The test database is made by the real migrations; this spares Django most of the work between them.

After each step Django builds the changed model anew, and with it all that refer to it: forty classes for one index.
A step that only adds or removes indexes, constraints or triggers changes no field, so nobody who refers to the model
can notice. There the class stays and is told its new lists. The statements are the same, and so is the database.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db.migrations.state import ModelState, ProjectState

LISTS = ("indexes", "constraints", "triggers")


@contextmanager
def only_what_changed() -> Iterator[None]:
    """Inside the block migrations keep the classes of models of which no field has changed."""
    render, reload_model = ModelState.render, ProjectState.reload_model

    def _render(self, apps):
        model = render(self, apps)
        model._made_of = _shape(self)
        return model

    def _reload_model(self, app_label, model_name, delay=False):
        model = self.apps.all_models[app_label].get(model_name.lower()) if "apps" in self.__dict__ else None
        wanted = self.models[app_label, model_name.lower()]
        if model is None or model.__dict__.get("_made_of") != _shape(wanted):
            reload_model(self, app_label, model_name, delay)
            return
        for name in LISTS:
            setattr(model._meta, name, list(wanted.options.get(name, [])))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ModelState, "render", _render)
        patch.setattr(ProjectState, "reload_model", _reload_model)
        yield


def _shape(state: ModelState) -> tuple[object, ...]:
    """All of a model but its lists; each field as the object it is, for a changed one is another object."""
    fields = [(name, id(field)) for name, field in state.fields.items()]
    options = {name: value for name, value in state.options.items() if name not in LISTS}
    return fields, state.bases, [(name, id(manager)) for name, manager in state.managers], options
