"""Atlas of creative places: sources → places → layers → indicators → scores → maps, exports and reports."""

__version__ = "0.1.0"
