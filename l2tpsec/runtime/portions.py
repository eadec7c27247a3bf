"""Long work in portions, so that neither packets nor clients wait for its end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


async def portions(items: Sequence[Item], size: int) -> AsyncIterator[Sequence[Item]]:
    """Hand out `size` items at a time; after each portion everybody else has their turn."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
        await asyncio.sleep(0)
