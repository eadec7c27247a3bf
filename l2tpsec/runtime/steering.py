"""Which of several processes a client's packet is for: the kernel counts it out, we never look.

Classic BPF takes the sender's IPv4 address modulo the number of workers. So a client keeps its
worker from port 500 to 4500 and through every rekey, and all clients of one NAT share theirs.
"""

import contextlib
import ctypes
import socket
import struct
from collections.abc import Sequence

from l2tpsec.runtime.ports import IKE_PORT, NAT_PORT, Port, Trio, open_esp, open_udp

_SO_ATTACH_FILTER, _SO_ATTACH_REUSEPORT_CBPF = 26, 51
_LOAD, _MODULO, _IF_EQUAL, _RETURN, _RETURN_A = 0x20, 0x94, 0x15, 0x06, 0x16
_SOURCE_ADDRESS = (1 << 32) - 0x100000 + 12
"""SKF_NET_OFF and the place in an IPv4 header: the same from a UDP and from a raw socket."""

Instruction = tuple[int, int, int, int]


def chooser(workers: int) -> list[Instruction]:
    """Return the program that picks a socket of a group by its index."""
    return [(_LOAD, 0, 0, _SOURCE_ADDRESS), (_MODULO, 0, 0, workers), (_RETURN_A, 0, 0, 0)]


def sieve(worker: int, workers: int) -> list[Instruction]:
    """Return the program that lets through what is for one worker: raw sockets all get all."""
    *picked, _ = chooser(workers)
    return [
        *picked,
        (_IF_EQUAL, 0, 1, worker),
        (_RETURN, 0, 0, (1 << 32) - 1),
        (_RETURN, 0, 0, 0),
    ]


def open_all(address: str, workers: int) -> list[Trio]:
    """Open every worker's sockets; PortError when another program has a port.

    A group's order is that of its members' binding, and must stay: a socket is closed with all
    others only, and outlives the process that reads it.
    """
    with contextlib.ExitStack() as opened:
        ike = _group(opened, address, IKE_PORT, workers)
        nat = _group(opened, address, NAT_PORT, workers)
        esp = [_sieved(opened, address, worker, workers) for worker in range(workers)]
        opened.pop_all()
    return [Trio(*row) for row in zip(ike, nat, esp, strict=True)]


def _group(opened: contextlib.ExitStack, address: str, number: int, workers: int) -> list[Port]:
    # SO_REUSEPORT would let us in beside a server that still runs
    open_udp(address, number).close()
    shared = (socket.SOL_SOCKET, socket.SO_REUSEPORT)
    members = []
    for _ in range(workers):
        members.append(open_udp(address, number, "[server] listen", shared))
        opened.callback(members[-1].close)
    _attach(members[0], _SO_ATTACH_REUSEPORT_CBPF, chooser(workers))
    return members


def _sieved(opened: contextlib.ExitStack, address: str, worker: int, workers: int) -> Port:
    port = open_esp(address)
    opened.callback(port.close)
    _attach(port, _SO_ATTACH_FILTER, sieve(worker, workers))
    return port


def _attach(port: Port, option: int, program: Sequence[Instruction]) -> None:
    code = b"".join(struct.pack("=HBBI", *row) for row in program)
    kept = ctypes.create_string_buffer(code, len(code))
    pointed = struct.pack("@HP", len(program), ctypes.addressof(kept))
    port.socket.setsockopt(socket.SOL_SOCKET, option, pointed)
