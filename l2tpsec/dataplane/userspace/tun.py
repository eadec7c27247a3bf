"""A TUN device: IP packets of the kernel as reads and writes (Documentation/networking/tuntap)."""

import fcntl
import os
import struct
from pathlib import Path

from l2tpsec.dataplane.contract import DataPlaneError

DEVICE = Path("/dev/net/tun")

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_READ_OCTETS = 65536
_PRIVILEGE = "start the server as root or with the capability CAP_NET_ADMIN"


class Tun:
    """A TUN interface that lives as long as this object's descriptor."""

    def __init__(self, name: str) -> None:
        self._fd = _open()
        try:
            request = struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI)
            answer = fcntl.ioctl(self._fd, _TUNSETIFF, request)
        except OSError as error:
            os.close(self._fd)
            raise DataPlaneError(_refusal(name, error)) from error
        self.name = answer[:16].rstrip(b"\0").decode()

    def fileno(self) -> int:
        """Return the descriptor, which does not block."""
        return self._fd

    def read(self) -> bytes:
        """Return the next packet; empty when none waits."""
        try:
            return os.read(self._fd, _READ_OCTETS)
        except BlockingIOError:
            return b""

    def write(self, packet: bytes) -> None:
        """Hand a packet to the kernel; raise OSError when it will not have it."""
        os.write(self._fd, packet)

    def close(self) -> None:
        """Close the descriptor; the kernel removes the interface with its addresses and routes."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _open() -> int:
    try:
        return os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        advice = f"load the module with `modprobe tun`, or give the container --device={DEVICE}"
        raise DataPlaneError(f"{DEVICE} is missing: {advice}") from error
    except OSError as error:
        raise DataPlaneError(f"{DEVICE}: {error.strerror}: {_PRIVILEGE}") from error


def _refusal(name: str, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"TUN interface {name}: {error.strerror}: {_PRIVILEGE}"
    return (
        f"TUN interface {name}: {error.strerror}: the name is in use, or longer than 15 characters"
    )
