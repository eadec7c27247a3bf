import re
from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.observe.metrics import METRICS, Snapshot, render

SAMPLE = re.compile(r'l2tpsec_[a-z_0-9]+(\{([a-z]+="([^"\\\n]|\\[n"\\])*",?)+\})? [0-9.e+-]+')


def test_every_figure_of_the_snapshot_is_a_metric() -> None:
    assert [metric.attribute for metric in METRICS] == [row.name for row in fields(Snapshot)]
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_counters_are_named_as_prometheus_wants() -> None:
    for metric in METRICS:
        assert (metric.kind == "counter") == metric.name.endswith("_total")


def test_a_snapshot_is_rendered_as_text() -> None:
    lines = render(Snapshot(sessions=2, drops={("esp", "replayed"): 3})).splitlines()
    assert "# TYPE l2tpsec_sessions gauge" in lines
    assert "l2tpsec_sessions 2" in lines
    assert 'l2tpsec_drops_total{phase="esp",reason="replayed"} 3' in lines
    assert "# HELP l2tpsec_dial_ins_total Dial-ins ended" in lines


@given(st.dictionaries(st.tuples(st.text(), st.text()), st.integers(0)))
def test_no_label_breaks_the_format(drops: dict[tuple[str, str], int]) -> None:
    text = render(Snapshot(drops=drops))
    samples = [line for line in text.split("\n")[:-1] if not line.startswith("# ")]
    assert all(SAMPLE.fullmatch(line) for line in samples)
    plain = [metric for metric in METRICS if not metric.labels]
    assert len(samples) == len(plain) + len(drops)
