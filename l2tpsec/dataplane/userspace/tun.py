"""A TUN device: IP packets of the kernel as reads and writes (Documentation/networking/tuntap)."""

import errno
import fcntl
import os
import struct
from collections import deque
from pathlib import Path

from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.dataplane.userspace.coalescing import Coalescer, Train
from l2tpsec.dataplane.userspace.segmentation import segments
from l2tpsec.dataplane.userspace.vnet import HEADER_OCTETS

DEVICE = Path("/dev/net/tun")

_TUNSETIFF, _TUNSETOFFLOAD = 0x400454CA, 0x400454D0
_IFF_TUN, _IFF_NO_PI, _IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
_CSUM, _TSO4, _TSO6, _TSO_ECN, _USO4, _USO6 = 0x01, 0x02, 0x04, 0x08, 0x20, 0x40
_TCP = _CSUM | _TSO4 | _TSO6 | _TSO_ECN
_READ_OCTETS = 1 << 16
_LARGE_READ_OCTETS = 1 << 17
_PRIVILEGE = "start the server as root or with the capability CAP_NET_ADMIN"


class Tun:
    """A TUN interface that lives as long as this object's descriptor.

    Each packet is a system call of its own.
    """

    _lost = 0

    def __init__(self, name: str, flags: int = 0) -> None:
        self._fd = _open()
        try:
            request = struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI | flags)
            answer = fcntl.ioctl(self._fd, _TUNSETIFF, request)
        except OSError as error:
            os.close(self._fd)
            raise DataPlaneError(_refusal(name, error)) from error
        self.name = answer[:16].rstrip(b"\0").decode()

    @property
    def pending(self) -> bool:
        """Whether packets wait that the descriptor does not tell of."""
        return False

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

    def write_train(self, train: Train) -> None:
        """Hand over packets of one flow; those that are refused are counted by `flush`."""
        for packet in train.packets:
            try:
                os.write(self._fd, packet)
            except OSError:
                self._lost += 1

    def flush(self) -> int:
        """Hand over what is held back; return how many packets the kernel would not have."""
        lost, self._lost = self._lost, 0
        return lost

    def close(self) -> None:
        """Close the descriptor; the kernel removes the interface with its addresses and routes."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class CoalescingTun(Tun):
    """A TUN that joins what is written to larger packets, until `flush`."""

    def __init__(self, name: str) -> None:
        super().__init__(name, _IFF_VNET_HDR)
        self._coalescer = Coalescer(super().write)

    def write(self, packet: bytes) -> None:
        """Hold a packet back, or hand it over with those before it."""
        self._coalescer.take(packet)

    def write_train(self, train: Train) -> None:
        """Hold packets of one flow back, or hand them over with those before them."""
        self._coalescer.take_train(train)

    def read(self) -> bytes:
        """Return the next packet; empty when none waits."""
        try:
            return os.read(self._fd, _READ_OCTETS)[HEADER_OCTETS:]
        except BlockingIOError:
            return b""

    def flush(self) -> int:
        """Hand over what is held back; return how many packets the kernel would not have."""
        self._coalescer.flush()
        lost, self._coalescer.lost = self._coalescer.lost, 0
        return lost


class OffloadingTun(CoalescingTun):
    """A TUN that takes the kernel's large packets too, and cuts them itself."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._cut: deque[bytes] = deque()
        try:
            fcntl.ioctl(self._fd, _TUNSETOFFLOAD, _TCP | _USO4 | _USO6)
        except OSError as error:
            if error.errno != errno.EINVAL:
                self.close()
                raise DataPlaneError(_refusal(name, error)) from error
            # UDP came with Linux 6.2.
            fcntl.ioctl(self._fd, _TUNSETOFFLOAD, _TCP)

    @property
    def pending(self) -> bool:
        """Whether segments wait that were cut already."""
        return bool(self._cut)

    def read(self) -> bytes:
        """Return the next packet; empty when none waits."""
        if not self._cut:
            try:
                self._cut.extend(segments(os.read(self._fd, _LARGE_READ_OCTETS)))
            except BlockingIOError:
                return b""
        return self._cut.popleft()


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
