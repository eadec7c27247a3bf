from l2tpsec.bench.table import Column, Figure, bottleneck, table


def columns() -> tuple[Column, Column]:
    ours = Column("l2tpsec", {"rate": Figure(300, "/s", "3 ms", "1 ms", "server 99%")})
    ours.figures["only ours"] = Figure(1, "x")
    ours.figures["late"] = Figure(50, "µs", more_is_better=False)
    theirs = Column("SoftEther", {"rate": Figure(100, "/s", "9 ms")})
    theirs.figures["late"] = Figure(200, "µs", more_is_better=False)
    return ours, theirs


def test_the_table_tells_who_is_better_and_by_how_much() -> None:
    lines = table(*columns()).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2] == "| rate | 300 /s | 3 ms | server 99% | 100 /s | 9 ms |  | 3.0 × | 1 ms |"
    assert lines[3] == "| only ours | 1.0 x |  |  | – |  |  |  |  |"
    assert lines[4] == "| late | 50.0 µs |  |  | 200 µs |  |  | 4.0 × |  |"


def test_ours_alone() -> None:
    lines = table(columns()[0], None).splitlines()
    assert lines[0] == "|  | l2tpsec | CPU | bottleneck | generator's CPU |"
    assert lines[2] == "| rate | 300 /s | 3 ms | server 99% | 1 ms |"


def test_nothing_is_no_times_better() -> None:
    theirs = Column("SoftEther", {"rate": Figure(0, "/s")})
    ours = Column("l2tpsec", {"rate": Figure(300, "/s")})
    assert table(ours, theirs).splitlines()[2].split(" | ")[-2] == "–"


def test_the_bottleneck_is_who_used_up_a_processor() -> None:
    assert bottleneck(2.0, 1.9, 1.0, 0.1) == "server 95%"
    assert bottleneck(2.0, 1.0, 1.8, 0.1) == "generator 90%"
    assert bottleneck(2.0, 1.0, 0.5, 0.1) == "nobody (server 50%)"
    assert bottleneck(2.0, 1.0, 0.5, 2.4) == "other programs 120%"
    assert bottleneck(2.0, 3.6, 0.5, 2.4) == "server 180%"
    assert bottleneck(0.0, 0.0, 0.0, 0.0) == ""
