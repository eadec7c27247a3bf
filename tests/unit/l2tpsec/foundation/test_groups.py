from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.groups import Groups

STEPS = st.lists(st.tuples(st.sampled_from(["a", "b", ""]), st.integers(1, 4)))


@given(STEPS)
def test_it_is_like_lists_by_key(steps: list[tuple[str, int]]) -> None:
    groups: Groups[str] = Groups()
    plain: dict[str, list[int]] = {"a": [], "b": []}
    for key, number in steps:
        for members in plain.values():
            if number in members:
                members.remove(number)
        if key:
            groups.add(key, number)
            plain[key].append(number)
        else:
            groups.remove(number)
        for name, members in plain.items():
            assert groups.of(name) == members
            assert groups.count(name) == len(members)
            assert all(groups.key(each) == name and each in groups for each in members)
        assert len(groups) == sum(map(len, plain.values()))
        assert set(groups._groups) == {name for name, members in plain.items() if members}


def test_what_is_not_there_has_no_key() -> None:
    groups: Groups[str] = Groups()
    assert groups.key(1) is None
    assert 1 not in groups
    assert groups.of("a") == []
