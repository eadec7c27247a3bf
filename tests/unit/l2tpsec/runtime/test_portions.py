import asyncio

from l2tpsec.runtime.portions import portions


def test_everybody_else_has_their_turn_after_each_portion() -> None:
    heard: list[object] = []

    async def main() -> None:
        other = asyncio.create_task(talk())
        async for few in portions(range(5), 2):
            heard.append(list(few))
        await other

    async def talk() -> None:
        for _ in range(3):
            heard.append("other")
            await asyncio.sleep(0)

    asyncio.run(main())
    assert heard == [[0, 1], "other", [2, 3], "other", [4], "other"]


def test_of_nothing_there_is_no_portion() -> None:
    async def main() -> int:
        return sum([1 async for _ in portions([], 2)])

    assert asyncio.run(main()) == 0
