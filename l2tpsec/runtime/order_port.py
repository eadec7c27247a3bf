"""The UDP port to which RADIUS servers send their orders (RFC 5176: 3799)."""

import asyncio

from l2tpsec.concentrator.effects import Effect
from l2tpsec.concentrator.orders import Orders
from l2tpsec.runtime.driver import Driver
from l2tpsec.runtime.ports import Port
from radius.server.effects import Reply


class OrderPort:
    """Reads orders, lets them be obeyed in a turn of the driver, and answers them."""

    def __init__(self, port: Port, orders: Orders, driver: Driver) -> None:
        self._port = port
        self._orders = orders
        self._driver = driver
        asyncio.get_running_loop().add_reader(port.fileno(), self._readable)

    def close(self) -> None:
        """Read no more."""
        asyncio.get_running_loop().remove_reader(self._port.fileno())
        self._port.close()

    def _readable(self) -> None:
        self._port.drain(self._take)

    def _take(self, data: bytes, source: tuple[str, int], _: str) -> None:
        replies: list[Reply] = []

        def turn(now: float) -> list[Effect]:
            effects: list[Effect] = []
            for effect in self._orders.receive(data, source, now):
                if isinstance(effect, Reply):
                    replies.append(effect)
                else:
                    effects.append(effect)
            return effects

        self._driver.turn(turn)
        for reply in replies:
            self._port.sender()(reply.data, reply.destination)
