"""Networks behind clients: which session leads to an address that is no client's own."""

from ipaddress import IPv4Network, IPv6Network

from l2tpsec.dataplane.userspace.sessions import Session

Network = IPv4Network | IPv6Network


class Routes:
    """Those of one version of IP; the longest prefix counts.

    `tables` is empty while there are none, and stays the same list: on the hot path it is all that
    is looked at.
    """

    def __init__(self, bits: int) -> None:
        self.tables: list[tuple[int, dict[int, Session]]] = []  # by bits of the host, few first
        self._bits = bits
        self._held: dict[Session, list[Network]] = {}

    def __contains__(self, network: Network) -> bool:
        return self._get(network) is not None

    def _get(self, network: Network) -> Session | None:
        shift = self._bits - network.prefixlen
        table = next((table for each, table in self.tables if each == shift), {})
        return table.get(int(network.network_address) >> shift)

    def find(self, address: bytes) -> Session | None:
        """Return the session that leads to an address."""
        number = int.from_bytes(address)
        for shift, table in self.tables:
            session = table.get(number >> shift)
            if session is not None:
                return session
        return None

    def add(self, network: Network, session: Session) -> None:
        """Lead to a network by a session, whoever led there before."""
        former = self._get(network)
        if former is not None:
            self._held[former].remove(network)
        shift = self._bits - network.prefixlen
        if all(each != shift for each, _ in self.tables):
            self.tables.append((shift, {}))
            self.tables.sort(key=lambda row: row[0])
        table = next(table for each, table in self.tables if each == shift)
        table[int(network.network_address) >> shift] = session
        self._held.setdefault(session, []).append(network)

    def remove(self, session: Session) -> list[Network]:
        """Forget a session; return the networks that nothing leads to any more."""
        networks = self._held.pop(session, [])
        for network in networks:
            shift = self._bits - network.prefixlen
            for each, table in self.tables:
                if each == shift:
                    del table[int(network.network_address) >> shift]
        if networks:
            self.tables[:] = [row for row in self.tables if row[1]]
        return networks
