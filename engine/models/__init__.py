"""The bundled weights, and every model the menu knows: what it is, whether it is usable, how it is loaded."""
