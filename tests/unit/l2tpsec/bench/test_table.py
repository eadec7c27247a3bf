from l2tpsec.bench.table import Column, Figure, bottleneck, median, table


def columns() -> tuple[Column, Column]:
    ours = Column("l2tpsec", {"rate": [Figure(300, "/s", "3 ms", "1 ms", "server 99%")]})
    ours.add("only ours", Figure(1, "x"))
    ours.add("late", Figure(50, "µs", more_is_better=False))
    theirs = Column("SoftEther", {"rate": [Figure(100, "/s", "9 ms")]})
    theirs.add("late", Figure(200, "µs", more_is_better=False))
    return ours, theirs


def test_the_table_tells_who_is_better_and_by_how_much() -> None:
    lines = table(*columns()).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2] == "| rate | 300 /s | 3 ms | server 99% | 100 /s | 9 ms |  | 3.0 × | 1 ms |"
    assert lines[3] == "| only ours | 1.0 x |  |  | – |  |  |  |  |"
    assert lines[4] == "| late | 50.0 µs |  |  | 200 µs |  |  | 4.0 × |  |"


def test_of_several_rounds_the_median_and_what_they_span() -> None:
    ours, theirs = columns()
    for rate, other in ((330, 300), (500, 100)):
        ours.add("rate", Figure(rate, "/s", f"{rate} ms"))
        theirs.add("rate", Figure(other, "/s"))
    row = table(ours, theirs).splitlines()[2].split(" | ")
    assert row[1:3] == ["330 /s (300 to 500)", "330 ms"]
    assert row[4] == "100 /s (100 to 300)"
    # of rounds, not of medians: who is disturbed is disturbed beside the other
    assert row[-2] == "3.0 × (1.1 to 5.0)"
    assert median([Figure(7, "/s")] * 3) == Figure(7, "/s", least=7, most=7)


def test_ours_alone() -> None:
    lines = table(columns()[0], None).splitlines()
    assert lines[0] == "|  | l2tpsec | CPU | bottleneck | generator's CPU |"
    assert lines[2] == "| rate | 300 /s | 3 ms | server 99% | 1 ms |"


def test_nothing_is_no_times_better() -> None:
    theirs = Column("SoftEther", {"rate": [Figure(0, "/s")]})
    ours = Column("l2tpsec", {"rate": [Figure(300, "/s")]})
    assert table(ours, theirs).splitlines()[2].split(" | ")[-2] == "–"


def test_the_bottleneck_is_who_used_up_a_processor() -> None:
    assert bottleneck(2.0, 1.9, 1.0, 0.1) == "server 95%"
    assert bottleneck(2.0, 1.0, 1.8, 0.1) == "generator 90%"
    assert bottleneck(2.0, 1.0, 0.5, 0.1) == "nobody (server 50%)"
    assert bottleneck(2.0, 1.0, 0.5, 2.4) == "other programs 120%"
    assert bottleneck(2.0, 3.6, 0.5, 2.4) == "server 180%"
    assert bottleneck(0.0, 0.0, 0.0, 0.0) == ""
