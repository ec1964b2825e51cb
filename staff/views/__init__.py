"""Pages about people, one module a noun. The team's own page also speaks of clients: interactions.views.team."""
