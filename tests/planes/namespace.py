"""A fresh network namespace for this thread: a root test leaves the host's network alone."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_NEW_NETWORK = 0x40000000
_IPV6 = Path("/proc/sys/net/ipv6")
"""Not there where IPv6 is switched off at boot or not built in."""


def has_ipv6() -> bool:
    """Whether this host's kernel has IPv6 at all."""
    return _IPV6.exists()


def refusal() -> str | None:
    """Why a root test cannot run here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    if not Path("/dev/net/tun").exists():
        return "needs /dev/net/tun"
    return None


@contextmanager
def network_namespace() -> Iterator[None]:
    reason = refusal()
    if reason:
        pytest.skip(reason)
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(_NEW_NETWORK):
            pytest.skip(f"needs a network namespace: {os.strerror(ctypes.get_errno())}")
        _switch_ipv6_on()
        yield
    finally:
        libc.setns(before, _NEW_NETWORK)
        os.close(before)


def _switch_ipv6_on() -> None:
    """Undo what a host may hand down to its namespaces (net.core.devconf_inherit_init_net)."""
    for which in ("all", "default"):
        with suppress(FileNotFoundError):
            (_IPV6 / "conf" / which / "disable_ipv6").write_text("0")
