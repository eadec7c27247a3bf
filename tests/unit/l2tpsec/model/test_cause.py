from l2tpsec.model.cause import Cause


def test_every_cause_has_words_and_numbers_that_its_protocols_know() -> None:
    assert len({cause.words for cause in Cause}) == len(Cause)
    for cause in Cause:
        assert 1 <= cause.radius <= 18, "RFC 2866 section 5.10"
        assert 1 <= cause.l2tp_result <= 11, "RFC 2661 section 4.4.2"
        assert (cause.l2tp_error > 0) == (cause.l2tp_result == 2), "an error goes with result 2"
