"""The smallest telephone: answers an INVITE with the status lines it was given, and any other request with 200."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"


class SipPhone(asyncio.DatagramProtocol):
    def __init__(self, port: int, *says: str) -> None:
        self.contact = f"Contact: <sip:phone@127.0.0.1:{port}>"
        self.says = says
        self.invites = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = data.decode()
        method = request.split(" ", 1)[0]
        self.invites += method == "INVITE"
        for status in {"INVITE": self.says, "ACK": (), "SIP/2.0": ()}.get(method, ("200 OK",)):
            self.transport.sendto(self.response(request, status, with_sdp=method == "INVITE").encode(), addr)

    def response(self, request: str, status: str, *, with_sdp: bool) -> str:
        same = re.findall(r"^(?:Via|From|Call-ID|CSeq): .*$", request.replace("\r", ""), re.MULTILINE)
        to = re.findall(r"^To: .*$", request.replace("\r", ""), re.MULTILINE)[0]
        body = SDP if with_sdp and status.startswith("200") else ""
        lines = [
            f"SIP/2.0 {status}",
            *same,
            to if ";tag=" in to else f"{to};tag=phone",
            self.contact,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body


@asynccontextmanager
async def phone(port: int, *says: str) -> AsyncIterator[SipPhone]:
    """A phone at ``127.0.0.1:port`` that answers every call with, for example, ``180 Ringing``, ``486 Busy Here``."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: SipPhone(port, *says), local_addr=("127.0.0.1", port)
    )
    try:
        yield protocol
    finally:
        transport.close()
