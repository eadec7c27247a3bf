"""Hypothesis profiles, and the one place that decides what is skipped.

`gate` judges the change and not the dice; `hunt` searches for hours.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped] # no types

from tests.planes.namespace import has_ipv6

# A slow machine is no fault of a test's: neither its examples' making nor their running is timed.
ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gate", ANY_SPEED, max_examples=200, derandomize=True)
settings.register_profile("hunt", ANY_SPEED, max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))

PROGRAMS = {
    "dnsmasq": "dnsmasq-base",
    "freeradius": "freeradius",
    "ip": "iproute2",
    "ipsec": "strongswan-starter",
    "kea-dhcp4": "kea-dhcp4-server",
    "linux.uml": "user-mode-linux",
    "modprobe": "kmod",
    "nft": "nftables",
    "ping": "iputils-ping",
    "pppd": "ppp",
    "radclient": "freeradius-utils",
    "tcpdump": "tcpdump",
    "xl2tpd": "xl2tpd",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    """Keep a file's tests on one worker, files in their order: the longest, interop, come first."""
    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run, and say what it lacks."""
    if item.get_closest_marker("root") and (lack := _lack_of_rights()):
        pytest.skip(lack)
    if item.get_closest_marker("interop") and (lack := _lack_of_programs()):
        pytest.skip(lack)
    if item.get_closest_marker("ipv6") and not has_ipv6():
        pytest.skip("needs a kernel with IPv6")


def _lack_of_rights() -> str:
    if os.geteuid() != 0:
        return "needs root"
    return "" if Path("/dev/net/tun").exists() else "needs /dev/net/tun"


def _lack_of_programs() -> str:
    # Some are for root alone to run, so which() would not find them for others.
    places = [Path(place) for place in f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin".split(":")]
    missing = [
        package
        for name, package in PROGRAMS.items()
        if not any((place / name).exists() for place in places)
    ]
    return f"needs Debian's packages {' '.join(missing)}" if missing else ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With L2TPSEC_NO_SKIP=1 a skipped test is a failed one: CI runs everything."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("L2TPSEC_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which L2TPSEC_NO_SKIP forbids: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many end-to-end scenarios have passed; here, for xdist reads no folder's own."""
    passed = terminalreporter.getreports("passed")
    count = sum(r.when == "call" and r.nodeid.startswith("tests/scenario/") for r in passed)
    terminalreporter.write_line(f"{count} end-to-end scenarios")
