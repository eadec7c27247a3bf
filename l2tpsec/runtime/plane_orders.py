"""What the concentrator asks of a data plane, and wants no answer to, carried out."""

from typing import assert_never

from l2tpsec.concentrator import effects as box
from l2tpsec.dataplane.contract import DataPlane

PlaneOrder = (
    box.InstallPair
    | box.ConfirmPair
    | box.RemovePair
    | box.MovePeer
    | box.MergePeer
    | box.RemovePeer
    | box.OpenSession
    | box.SetPolicy
    | box.StartForwarding
    | box.StartForwardingIpv6
    | box.CloseSession
    | box.SendControl
    | box.SendFrame
    | box.SendPacket
)


def carry_out(plane: DataPlane, order: PlaneOrder) -> None:  # noqa: C901, PLR0912, PLR0915 - a case an order
    """Have the plane do it."""
    match order:
        case box.InstallPair(peer, pair):
            plane.install(peer, pair)
        case box.ConfirmPair(peer, inbound_spi):
            plane.confirm(peer, inbound_spi)
        case box.RemovePair(peer, inbound_spi):
            plane.remove(peer, inbound_spi)
        case box.MovePeer(peer, path):
            plane.move(peer, path)
        case box.MergePeer(peer, into):
            plane.merge(peer, into)
        case box.RemovePeer(peer):
            plane.remove_peer(peer)
        case box.OpenSession(peer, ids):
            plane.open_session(peer, ids)
        case box.SetPolicy(peer, ids, policy):
            plane.set_policy(peer, ids, policy)
        case box.StartForwarding(peer, ids, address, mtu, pfc, acfc):
            plane.set_compression(peer, ids, pfc=pfc, acfc=acfc)
            plane.start_forwarding(peer, ids, address, mtu)
        case box.StartForwardingIpv6(peer, ids, prefix, mtu):
            plane.start_forwarding_ipv6(peer, ids, prefix, mtu)
        case box.CloseSession(peer, ids):
            plane.close_session(peer, ids)
        case box.SendControl(peer, port, data):
            plane.send_control(peer, port, data)
        case box.SendFrame(peer, ids, frame):
            plane.send_frame(peer, ids, frame)
        case box.SendPacket(peer, ids, packet):
            plane.send_packet(peer, ids, packet)
        case _ as unreachable:
            assert_never(unreachable)
