"""Nouns that cross package borders: frozen, without behaviour."""
