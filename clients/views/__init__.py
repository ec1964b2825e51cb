"""Pages about clients: lists and looks, what is known, what is allowed, who belongs together, who may look."""
