"""Figures in Prometheus's text format: a row is a metric, a snapshot gives their values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The box at one moment. Counters count from its start; octets are of inner IP packets."""

    uptime_seconds: float = 0.0
    workers: int = 0
    worker_restarts: int = 0
    sessions: int = 0
    tunnels: int = 0
    ike_sas: int = 0
    sa_pairs: int = 0
    pool_leased: int = 0
    input_packets: int = 0
    input_octets: int = 0
    output_packets: int = 0
    output_octets: int = 0
    accounting_waiting: int = 0
    radius_up: Mapping[tuple[str], int] = field(default_factory=dict)
    radius_events: Mapping[tuple[str, str], int] = field(default_factory=dict)
    drops: Mapping[tuple[str, str], int] = field(default_factory=dict)
    dial_ins: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """A row: `attribute` of the snapshot; `labels` name the parts of its keys."""

    name: str
    kind: str
    attribute: str
    text: str
    labels: tuple[str, ...] = ()


METRICS = (
    Metric("uptime_seconds", "gauge", "uptime_seconds", "Seconds since the start"),
    Metric("workers", "gauge", "workers", "Processes that accept clients"),
    Metric("worker_restarts_total", "counter", "worker_restarts", "Workers started again"),
    Metric("sessions", "gauge", "sessions", "PPP sessions that are up"),
    Metric("tunnels", "gauge", "tunnels", "L2TP control connections"),
    Metric("ike_sas", "gauge", "ike_sas", "IKE SAs, half open ones included"),
    Metric("sa_pairs", "gauge", "sa_pairs", "Pairs of ESP SAs"),
    Metric("pool_leased", "gauge", "pool_leased", "Addresses leased"),
    Metric("input_packets_total", "counter", "input_packets", "IP packets from clients"),
    Metric("input_octets_total", "counter", "input_octets", "IP octets from clients"),
    Metric("output_packets_total", "counter", "output_packets", "IP packets to clients"),
    Metric("output_octets_total", "counter", "output_octets", "IP octets to clients"),
    Metric(
        "accounting_waiting",
        "gauge",
        "accounting_waiting",
        "Accounting records that no RADIUS server has acknowledged yet",
    ),
    Metric("radius_up", "gauge", "radius_up", "Workers that ask a RADIUS port", ("server",)),
    Metric(
        "radius_events_total",
        "counter",
        "radius_events",
        "Requests to a RADIUS port, and what became of them",
        ("server", "event"),
    ),
    Metric("drops_total", "counter", "drops", "Messages dropped", ("phase", "reason")),
    Metric("dial_ins_total", "counter", "dial_ins", "Dial-ins ended", ("result", "cause")),
)


def render(snapshot: Snapshot) -> str:
    """Return the exposition text, version 0.0.4."""
    return "".join(f"{line}\n" for metric in METRICS for line in _lines(metric, snapshot))


def _lines(metric: Metric, snapshot: Snapshot) -> Iterator[str]:
    name = f"l2tpsec_{metric.name}"
    yield f"# HELP {name} {metric.text}"
    yield f"# TYPE {name} {metric.kind}"
    value = getattr(snapshot, metric.attribute)
    if not metric.labels:
        yield f"{name} {value}"
        return
    for key, count in sorted(value.items()):
        pairs = zip(metric.labels, key, strict=True)
        labels = ",".join(f'{label}="{_quoted(part)}"' for label, part in pairs)
        yield f"{name}{{{labels}}} {count}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
