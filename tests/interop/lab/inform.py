"""Runs in a guest: asks for the network's settings over PPP as Windows does, and prints the answer.

`python inform.py ADDRESS` sends one DHCPINFORM and prints one JSON object: the source of the
answer and its options, code to hexadecimal value, in their order.
"""

import json
import socket
import sys

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP

WANTED = [1, 15, 3, 6, 44, 46, 47, 31, 33, 121, 249, 43]
SECONDS = 30


def _question(address: str) -> bytes:
    head = BOOTP(op=1, htype=8, hlen=6, xid=0x1234, ciaddr=address, chaddr=b"RAS \x01\x02")
    options = [
        ("message-type", 8),
        ("vendor_class_id", b"MSFT 5.0"),
        (77, b"RRAS.Microsoft"),
        ("param_req_list", WANTED),
        "end",
    ]
    packet = IP(src=address, dst="255.255.255.255") / UDP(sport=68, dport=67)
    return bytes(packet / head / DHCP(options=options))


def _options(message: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    at = 240
    while at < len(message) and (code := message[at]) != 255:
        if code == 0:
            at += 1
            continue
        length = message[at + 1]
        found[code] = message[at + 2 : at + 2 + length].hex()
        at += 2 + length
    return found


def main() -> None:
    """Ask, wait, print."""
    address = sys.argv[1]
    # Raw sockets: strongSwan's dhcp plugin holds UDP 68.
    ear = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    mouth = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    ear.settimeout(SECONDS)
    mouth.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    mouth.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"ppp0\0")
    mouth.sendto(_question(address), ("255.255.255.255", 0))
    while True:
        packet = IP(ear.recv(2000))
        if packet[UDP].dport == 68 and packet[UDP].sport == 67:
            break
    message = bytes(packet[UDP].payload)
    answer = {"from": packet.src, "op": message[0], "options": _options(message)}
    sys.stdout.write(f"{json.dumps(answer)}\n")


if __name__ == "__main__":
    main()
