"""Forms about campaigns and events."""
