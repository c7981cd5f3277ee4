"""Networks in the forms in which other projects hold them: read, and written."""
