"""The record of every run, in SQLite or PostgreSQL. Knows the engine's plain types and nothing else of it."""
