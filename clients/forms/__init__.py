"""Forms about clients; choices are narrowed to what the person may see."""

from clients.forms.lists import OpenFileForm

__all__ = ["OpenFileForm"]
