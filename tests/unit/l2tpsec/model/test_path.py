from l2tpsec.model.path import Endpoint


def test_an_endpoint_reads_as_address_and_port() -> None:
    assert str(Endpoint("203.0.113.5", 4500)) == "203.0.113.5:4500"
