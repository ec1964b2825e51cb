"""Forms of segments, campaigns and events; choices are narrowed to what the person may see."""
