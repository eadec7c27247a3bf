"""Hypothesis profiles: `gate` judges the change and not the dice; `hunt` searches for hours."""

import os

from hypothesis import settings

settings.register_profile("gate", max_examples=200, derandomize=True, deadline=None)
settings.register_profile("hunt", max_examples=20_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))
