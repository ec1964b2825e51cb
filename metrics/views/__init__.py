"""Pages of figures: the dashboard, and what a campaign came to."""
