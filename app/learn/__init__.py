"""The six lessons of the Learn page: their texts, their recordings, and what is run for them live."""
