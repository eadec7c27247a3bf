"""Runs in a namespace: `python resolve.py SERVER NAME` prints the address that the server has."""

import socket
import sys

from scapy.layers.dns import DNS, DNSQR

SECONDS = 30


def main() -> None:
    """Ask, wait, print."""
    server, name = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(SECONDS)
        asking.sendto(bytes(DNS(rd=1, qd=DNSQR(qname=name))), (server, 53))
        answer = DNS(asking.recv(2000))
    sys.stdout.write(f"{answer.an[0].rdata if answer.ancount else ''}\n")


if __name__ == "__main__":
    main()
