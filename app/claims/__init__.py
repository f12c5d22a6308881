"""The claims bench for people: its report, tables and figures, and what is shipped of it."""
