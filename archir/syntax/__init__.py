"""The text of the language: parsing it and printing it."""

from archir.syntax.parser import parse

__all__ = ["parse"]
