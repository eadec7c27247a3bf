"""Kernel parameters below /proc/sys/net."""

from pathlib import Path

ROOT = Path("/proc/sys/net")


def read(name: str) -> str | None:
    """Return a parameter, as `ipv4/ip_forward`; None when the kernel has none such."""
    try:
        return (ROOT / name).read_text().strip()
    except OSError:
        return None


def write(name: str, value: str) -> str | None:
    """Set a parameter unless it has that value; return in words what went wrong, or None."""
    present = read(name)
    if present in {None, value}:
        return None
    try:
        (ROOT / name).write_text(value)
    except OSError as error:
        dotted = name.replace("/", ".")
        return f"net.{dotted} stays {present} ({error.strerror}): set it to {value} on the host"
    return None


def interfaces(name: str, value: str) -> list[str]:
    """Return the interfaces whose parameter, as `ipv6/conf/{}/accept_ra`, has that value."""
    pattern = name.replace("{}", "*")
    depth = len(Path(name.split("{}")[0]).parts)
    paths = (path.relative_to(ROOT) for path in ROOT.glob(pattern))
    return sorted(path.parts[depth] for path in paths if read(str(path)) == value)
