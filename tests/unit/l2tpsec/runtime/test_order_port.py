import asyncio
import select
from typing import TYPE_CHECKING, Any, cast

from l2tpsec.concentrator.effects import Report
from l2tpsec.model.records import Level, Noted, Phase
from l2tpsec.runtime.order_port import OrderPort
from l2tpsec.runtime.ports import open_udp
from radius.server.effects import Reply

if TYPE_CHECKING:
    from l2tpsec.concentrator.orders import Orders
    from l2tpsec.runtime.driver import Driver

REPORT = Report(Noted(Phase.RADIUS, Level.INFO, "heard"), "-")


class Rig:
    """Orders that are answered by what they say, and a driver that keeps the effects."""

    def __init__(self) -> None:
        self.effects: list[Any] = []
        self.heard = asyncio.Event()

    def receive(self, data: bytes, source: tuple[str, int], now: float) -> list[Any]:
        return [REPORT, Reply(source, data.upper())]

    def turn(self, call: Any) -> None:
        self.effects += call(5.0)
        self.heard.set()


def test_an_order_is_obeyed_and_then_answered() -> None:
    async def whole() -> None:
        rig = Rig()
        server, client = open_udp("127.0.0.1", 0), open_udp("127.0.0.1", 0)
        address = server.socket.getsockname()
        port = OrderPort(server, cast("Orders", rig), cast("Driver", rig))
        client.sender()(b"order", address)
        async with asyncio.timeout(30):
            await rig.heard.wait()
        assert rig.effects == [REPORT]
        assert select.select([client], [], [], 30)[0]
        arrived = client.receive()
        assert arrived is not None
        assert arrived[0] == b"ORDER"
        port.close()
        client.close()

    asyncio.run(whole())
