"""SIPp as the phones' SIP stack, steered from Python.

One SIPp process runs one of two scenarios: ``dialling`` (one outgoing call, then the process ends) or ``answering``
(any number of incoming calls). Wherever a person would decide something, the scenario waits for a *control message*: a
SIP request with a made-up method (``XANSWER``, ``XBYE``…), which Python sends to SIPp's own port with the dialog's
Call-ID. SIPp matches it like any other request and goes on. What happened is read back from SIPp's message trace, which
is written to a named pipe, so no file is polled.

This file knows nothing about tones or people; see ``phones.py`` for those.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

Address = tuple[str, int]


class SippFailed(RuntimeError):
    """SIPp is not installed, did not start, or ended unasked."""


# --- what SIPp saw ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SipMessage:
    """One message of SIPp's trace."""

    at: float
    """Unix time at which SIPp sent or read it."""
    sent: bool
    text: str
    start: str = field(init=False)
    headers: dict[str, str] = field(init=False, repr=False)
    """The last header of each name, by its lower-case name."""
    body: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        head, _, body = self.text.replace("\r\n", "\n").partition("\n\n")
        start, *lines = head.split("\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        object.__setattr__(self, "start", start.strip())
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "body", body)

    @property
    def call_id(self) -> str:
        return self.headers.get("call-id", self.headers.get("i", ""))

    @property
    def status(self) -> int | None:
        """The code of a response, None for a request."""
        found = re.match(r"SIP/2\.0 (\d{3})", self.start)
        return int(found[1]) if found else None

    @property
    def method(self) -> str:
        """The method of a request, or of the request that a response answers."""
        if self.status is None:
            return self.start.partition(" ")[0]
        return self.headers.get("cseq", "").partition(" ")[2].strip()

    @property
    def request_user(self) -> str:
        found = re.match(r"\S+ sips?:([^@;>\s]+)@", self.start)
        return found[1] if found else ""

    @property
    def media(self) -> Address | None:
        """Where the SDP in this message wants its audio; None without an SDP."""
        host = re.search(r"^c=IN IP4 (\S+)", self.body, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", self.body, re.MULTILINE)
        return (host[1], int(port[1])) if host and port and int(port[1]) else None

    def reason(self) -> str:
        """The text of the Reason header (Asterisk puts the hang-up cause there), else the start line."""
        return self.headers.get("reason", self.start)


def name_and_user(header: str) -> tuple[str, str]:
    """Display name and user of a From, To or Contact header; empty where there is none."""
    found = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<?sips?:(?:([^@>;]*)@)?', header)
    return ((found[1] or found[2] or "").strip(), found[3] or "") if found else ("", "")


class _Trace:
    """Cuts SIPp's trace stream into messages."""

    _HEAD = re.compile(
        rb"-{20,} (\d{4}-\d\d-\d\d)[ T\t](\d\d:\d\d:\d\d\.\d+)[^\n]*\n"
        rb"(?:UDP|TCP|TLS) message (sent|received) [\[(](\d+)(?:\] bytes |\ bytes\)):\n\n"
    )

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> Iterator[SipMessage]:
        self._pending += data
        while head := self._HEAD.search(self._pending):
            end = head.end() + int(head[4])
            if len(self._pending) < end:
                return
            text = self._pending[head.end() : end].decode("utf-8", "replace")
            at = datetime.fromisoformat(f"{head[1].decode()}T{head[2].decode()[:15]}").timestamp()
            self._pending = self._pending[end:]
            yield SipMessage(at, head[3] == b"sent", text)


# --- the scenarios ----------------------------------------------------------------------------------------------

_SDP = """v=0
o=phone [pid] 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [$rtp] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv"""


def _send(text: str, *, retrans: bool = False, next_: str = "") -> str:
    attributes = (' retrans="500"' if retrans else "") + (f' next="{next_}"' if next_ else "")
    return f"<send{attributes}><![CDATA[\n\n{text.strip()}\n\n]]></send>\n"


# SIPp has no patterns for responses, so those that a PBX may send are listed.
_PROVISIONAL = ("100", "180", "181", "182", "183")
_FINAL = (
    *("300", "301", "302", "400", "401", "402", "403", "404", "405", "406", "407", "408", "410", "413", "414", "415"),
    *("416", "420", "421", "423", "480", "481", "482", "483", "484", "485", "486", "487", "488", "489", "491", "493"),
    *("500", "501", "502", "503", "504", "505", "513", "580", "600", "603", "604", "606", "607", "608"),
)

REJECTIONS = {
    302: "Moved Temporarily",
    403: "Forbidden",
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    503: "Service Unavailable",
    600: "Busy Everywhere",
    603: "Decline",
}
"""The codes with which a phone can refuse a call (SIPp wants them written into the scenario)."""


def _recv(what: str, *, next_: str = "", optional: bool = True, **headers: str) -> str:
    """Wait for a request or response; ``headers``: scenario variable = the header it is read from."""
    kind = "response" if what.isdigit() else "request"
    attributes = f'{kind}="{what}"'
    attributes += ' optional="true"' if optional else ""
    attributes += f' next="{next_}"' if next_ else ""
    if not headers:
        return f"<recv {attributes}/>\n"
    actions = "".join(
        f'<ereg regexp="[^[:space:]].*" search_in="hdr" header="{header}:" assign_to="{variable}"/>\n'
        for variable, header in headers.items()
    )
    return f"<recv {attributes}><action>\n{actions}</action></recv>\n"


def _any(codes: Iterable[str], next_: str) -> str:
    return "".join(_recv(code, next_=next_) for code in codes)


def _label(name: str) -> str:
    return f'<label id="{name}"/>\n'


def _reply(code: str, *, to: str = "[last_To:]", sdp: bool = False, next_: str = "") -> str:
    head = f"""SIP/2.0 {code}
[last_Via:]
[last_Record-Route:]
[last_From:]
{to}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:phone@[local_ip]:[local_port]>
"""
    if sdp:
        return _send(head + "Content-Type: application/sdp\nContent-Length: [len]\n\n" + _SDP, next_=next_)
    return _send(head + "Content-Length: 0", next_=next_)


def _talk(request_line: str, from_: str, to: str) -> str:
    """Everything a phone does inside an established dialog, for either direction."""

    # SIPp's own [branch] is the same each time round the loop, a retransmission to the other side.
    def request(method: str, extra: str = "Content-Length: 0", *, next_: str = "") -> str:
        return _send(
            f"""{method} {request_line} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-[$cseq]
Max-Forwards: 70
From: {from_}
To: {to}
Call-ID: [call_id]
CSeq: [$cseq] {method}
Contact: <sip:phone@[local_ip]:[local_port]>
{extra}""",
            retrans=True,
            next_=next_,
        )

    return (
        _label("talk")
        + _recv("BYE", next_="theirs")
        + _recv("INVITE", next_="renew")
        + _recv("UPDATE", next_="fine")
        + _recv("INFO", next_="fine")
        + _recv("OPTIONS", next_="fine")
        + _recv("MESSAGE", next_="fine")
        + _recv("NOTIFY", next_="fine")
        + _recv("ACK", next_="talk")
        + _recv("XINFO", next_="info", cseq="X-Cseq", digit="X-Digit")
        + _recv("XREFER", next_="refer", cseq="X-Cseq", target="X-Target")
        + _recv("XINVITE", next_="renegotiate", cseq="X-Cseq", direction="X-Direction")
        + _recv("XBYE", next_="ours", optional=False, cseq="X-Cseq")
        + _label("fine")
        + _reply("200 OK", next_="talk")
        + _label("renew")
        + _reply("200 OK", sdp=True, next_="talk")
        + _label("info")
        + request(
            "INFO",
            "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal=[$digit]\nDuration=160",
        )
        # SIPp takes a response only below the request it answers.
        + _label("info-wait")
        + _recv("BYE", next_="theirs")
        + _any(_FINAL, "talk")
        + _recv("200", optional=False, next_="talk")
        + _label("refer")
        + request("REFER", "Refer-To: <sip:[$target]>\nContent-Length: 0")
        + _recv("BYE", next_="theirs")
        + _any(_FINAL, "talk")
        + _recv("202", optional=False, next_="talk")
        + _label("renegotiate")
        + request(
            "INVITE",
            "Content-Type: application/sdp\nContent-Length: [len]\n\n"
            + _SDP.replace("[pid] 1 IN", "[pid] [$cseq] IN").replace("sendrecv", "[$direction]"),
        )
        + _label("renegotiating")
        + _recv("BYE", next_="theirs")
        + _recv("100", next_="renegotiating")
        + _any(_FINAL, "renegotiated")
        + _recv("200", optional=False)
        + _label("renegotiated")
        + _send(
            f"""ACK {request_line} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-[$cseq]-ack
Max-Forwards: 70
From: {from_}
To: {to}
Call-ID: [call_id]
CSeq: [$cseq] ACK
Content-Length: 0""",
            next_="talk",
        )
        + _label("theirs")
        + _reply("200 OK", next_="end")
        + _label("ours")
        + request("BYE")
        + _label("bye-wait")
        # The other side's BYE may cross ours, and the answer to an INFO may come late.
        + _recv("BYE", next_="theirs")
        + _any(_FINAL, "end")
        + _recv("200", optional=False, next_="end")
        + _label("end")
    )


def _scenario(name: str, body: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n'
        f'<scenario name="{escape(name)}">\n{body}</scenario>\n'
    )


def answering() -> str:
    """A phone that takes calls one after another, or several at once."""
    to = "To: [$to];tag=[pid]u[call_number]"
    invite_reply = """SIP/2.0 {code}
Via: [$via]
From: [$from]
To: [$to];tag=[pid]u[call_number]
Call-ID: [call_id]
CSeq: [$icseq]
Contact: <sip:phone@[local_ip]:[local_port]>
{rest}"""
    return _scenario(
        "answering",
        _recv("OPTIONS", next_="alive")
        + '<recv request="INVITE"><action>\n'
        + "".join(
            f'<ereg regexp="[^[:space:]].*" search_in="hdr" header="{header}:" assign_to="{variable}"/>\n'
            for variable, header in {"via": "Via", "from": "From", "to": "To", "icseq": "CSeq"}.items()
        )
        + '<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="peer"/>\n</action></recv>\n'
        + _send(invite_reply.format(code="100 Trying", rest="Content-Length: 0"))
        + _label("ringing")
        + _recv("CANCEL", next_="cancelled")
        + _recv("XRING", next_="ring")
        + "".join(_recv(f"XREJECT{code}", next_=f"reject{code}") for code in REJECTIONS)
        + _recv("XANSWER", optional=False, rtp="X-Rtp")
        + _send(
            invite_reply.format(code="200 OK", rest="Content-Type: application/sdp\nContent-Length: [len]\n\n" + _SDP),
            retrans=True,
        )
        + _recv("CANCEL", next_="late-cancel")
        + _recv("ACK", optional=False, next_="talk")
        + _label("late-cancel")
        + _reply("481 Too Late", to=to)
        + _recv("ACK", optional=False)
        + _talk("[$peer]", "[$to];tag=[pid]u[call_number]", "[$from]")
        + '<nop next="finish"/>\n'
        + _label("ring")
        + _send(invite_reply.format(code="180 Ringing", rest="Content-Length: 0"), next_="ringing")
        + _label("cancelled")
        + _reply("200 OK", to=to)
        + _send(invite_reply.format(code="487 Request Terminated", rest="Content-Length: 0"), retrans=True)
        + _recv("ACK", optional=False, next_="finish")
        + "".join(
            _label(f"reject{code}")
            + _send(
                invite_reply.format(code=f"{code} {phrase}", rest="Content-Length: 0"), retrans=True, next_="rejected"
            )
            for code, phrase in REJECTIONS.items()
        )
        + _label("rejected")
        + _recv("CANCEL", next_="crossed")
        + _recv("ACK", optional=False, next_="finish")
        + _label("crossed")
        + _reply("481 Too Late", to=to)
        + _recv("ACK", optional=False, next_="finish")
        + _label("alive")
        + _reply("200 OK", to="[last_To:];tag=[pid]o[call_number]")
        + _label("finish")
        + "<nop/>\n",
    )


def dialling(
    number: str, from_header: str, rtp_port: int, *, headers: tuple[str, ...] = (), key_events: bool = True
) -> str:
    """One outgoing call. ``from_header`` is without its tag, e.g. ``"Ann" <sip:+44…@127.0.0.1>``.

    Without ``key_events`` the phone does not offer RFC 4733.
    """
    from_ = f"{from_header};tag=[pid]c[call_number]"
    to = f"<sip:{number}@[remote_ip]:[remote_port]>"
    offered = (
        _SDP
        if key_events
        else "\n".join(line for line in _SDP.replace("AVP 0 101", "AVP 0").split("\n") if ":101" not in line)
    )
    sdp = offered.replace("[$rtp]", str(rtp_port))

    def first(method: str, to_: str, rest: str) -> str:
        target, branch = f"sip:{number}@[remote_ip]:[remote_port]", "z9hG4bK-[pid]-invite"
        return _request(method, target, from_, to_, rest, branch)

    invite_rest = "\n".join((*headers, "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, REFER, NOTIFY"))
    return _scenario(
        "dialling",
        _send(
            first("INVITE", to, invite_rest + "\nContent-Type: application/sdp\nContent-Length: [len]\n\n" + sdp),
            retrans=True,
        )
        + _label("calling")
        + _any(_PROVISIONAL, "calling")
        + _any(_FINAL, "refused")
        + _recv("UPDATE", next_="early-update")
        + _recv("XCANCEL", next_="cancel")
        + '<recv response="200" rrs="true"/>\n'
        + _label("ack")
        + _send(
            f"""ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: {from_}
To: {to}[peer_tag_param]
[routes]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0"""
        )
        + _talk("[next_url]", from_, to + "[peer_tag_param]").replace("[$rtp]", str(rtp_port))
        + '<nop next="finish"/>\n'
        + _label("early-update")
        + _reply("200 OK", next_="calling")
        + _label("cancel")
        + _send(first("CANCEL", to, "Content-Length: 0"), retrans=True)
        + _label("cancelling")
        + _recv("200", next_="cancelling")
        + _any(_FINAL, "refused")
        + _recv("699", optional=False)
        + _label("refused")
        + _send(first("ACK", to + "[peer_tag_param]", "Content-Length: 0"))
        + _label("finish")
        + "<nop/>\n",
    )


def _request(method: str, target: str, from_: str, to: str, rest: str, branch: str = "[branch]") -> str:
    """The first of a call; ``rest`` are its further headers and its body."""
    return f"""{method} {target} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}
Max-Forwards: 70
From: {from_}
To: {to}
Call-ID: [call_id]
CSeq: 1 {method}
Contact: <sip:phone@[local_ip]:[local_port]>
{rest}"""


def crowding(number: str, rtp_port: int) -> str:
    """One of many outgoing calls that wait until they are hung up on. SIPp complains about anything else that
    happens."""
    from_ = "<sip:[field0]@[local_ip]>;tag=[pid]c[call_number]"
    to = f"<sip:{number}@[remote_ip]:[remote_port]>"

    sdp = _SDP.replace("[$rtp]", str(rtp_port)).replace("sendrecv", "recvonly")
    offer = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{sdp}"
    return _scenario(
        "crowding",
        _send(_request("INVITE", f"sip:{number}@[remote_ip]:[remote_port]", from_, to, offer), retrans=True)
        + "".join(_recv(code) for code in _PROVISIONAL)
        + '<recv response="200" rrs="true"/>\n'
        + _send(_request("ACK", "[next_url]", from_, to + "[peer_tag_param]", "Content-Length: 0"))
        + _recv("BYE", optional=False)
        + _reply("200 OK"),
    )


# --- the process ------------------------------------------------------------------------------------------------

_CALLS_PER_S = 20


def free_port(host: str = "127.0.0.1") -> int:
    """A UDP port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@dataclass
class Sipp:
    """One running SIPp. ``on_message`` gets every message of its trace, in order, without our control messages."""

    name: str
    scenario: str
    local: Address
    remote: Address
    directory: Path
    on_message: Callable[[SipMessage], None]
    single_call: bool = False
    numbers: tuple[str, ...] = ()
    """Given numbers, it makes an outgoing call for each, ``[field0]`` of the scenario, and ends when all are over."""
    control_port: int = 0
    """The port of SIPp's own remote control, which nobody uses; 0 means any."""
    pid: int | None = None

    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)
    _fd: int | None = field(default=None, repr=False)
    _control: socket.socket | None = field(default=None, repr=False)
    _sequence: int = 0
    _stopping: bool = False

    async def start(self, limit: float = 10.0) -> None:
        """Returns when SIPp listens on its port (for a single call: when it runs)."""
        if shutil.which("sipp") is None:
            raise SippFailed("no sipp on this machine (Debian: apt-get install sip-tester)")
        self.directory.mkdir(parents=True, exist_ok=True)
        pipe, scenario = self._path("pipe"), self._path("xml")
        scenario.write_text(self.scenario)
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        # Opened for reading and writing: no end-of-file when SIPp closes it, and SIPp's open() does not block.
        self._fd = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self._trace, self._log = _Trace(), self._path("log").open("ab")
        asyncio.get_running_loop().add_reader(self._fd, self._read)
        self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._control.bind((self.local[0], 0))
        self._control.setblocking(False)
        host, port = self.local
        control = self.control_port or free_port(host)
        # SIPp insists on media sockets that nobody uses, from port 6000 on: each process gets an address for them.
        unused = f"127.{control >> 8}.{control & 255}.9"
        arguments = [
            f"{self.remote[0]}:{self.remote[1]}",
            *("-sf", str(scenario), "-i", host, "-p", str(port), "-mi", unused, "-cp", str(control)),
            *("-trace_msg", "-message_file", str(pipe), "-trace_err", "-error_file", str(self._path("errors"))),
            *("-nostdin", "-skip_rlimit", "-nd", "-aa", "-cid_str", f"%u-%p-{self.name}@%s"),
            *("-default_behaviors", "none", "-deadcall_wait", "2000"),
        ]
        if self.single_call:
            arguments += ["-m", "1", "-r", "100"]
        if self.numbers:
            self._path("csv").write_text("\n".join(["SEQUENTIAL", *self.numbers, ""]))
            count = str(len(self.numbers))
            arguments += ["-inf", str(self._path("csv")), "-m", count, "-l", count, "-r", str(_CALLS_PER_S)]
        with self._path("screen").open("ab") as screen:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    # However the tests end, the phones end with them.
                    *("setpriv", "--pdeathsig=KILL", "sipp", *arguments),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=screen,
                    stderr=screen,
                    # Ctrl-C ends the demo, which ends its phones; it must not reach them directly.
                    start_new_session=True,
                )
            except BaseException:
                self._close()
                raise
        self.pid = self._process.pid
        try:
            async with asyncio.timeout(limit):
                while not _bound(port):
                    if self._process.returncode is not None:
                        raise SippFailed(f"{self.name}: sipp ended at once: {self.complaints()}")
                    if self.single_call or self.numbers:
                        break
                    await asyncio.sleep(0.005)
        except TimeoutError:
            await self.stop()
            raise SippFailed(f"{self.name}: sipp does not listen on {host}:{port}: {self.complaints()}") from None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and when it was stopped by ``stop()``."""
        return self._process.returncode if self._process is not None and not self._stopping else None

    def complaints(self) -> str:
        """What SIPp wrote to its error file and its screen, shortened."""
        parts = []
        for kind, length in (("errors", 2000), ("screen", 600)):
            with contextlib.suppress(FileNotFoundError):
                parts.append(self._path(kind).read_text(errors="replace")[-length:].strip())
        return "\n".join(part for part in parts if part)

    def tell(self, call_id: str, method: str, **headers: str | int) -> None:
        """Send a control message into the dialog: ``tell(id, "XANSWER", rtp=40000)``."""
        if self._control is None:
            raise SippFailed(f"{self.name}: not running, cannot {method}")
        self._sequence += 1
        own = self._control.getsockname()
        lines = [
            f"{method} sip:phone@{self.local[0]}:{self.local[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {own[0]}:{own[1]};branch=z9hG4bKx{self._sequence}",
            "From: <sip:test@control>;tag=x",
            "To: <sip:phone@control>",
            f"Call-ID: {call_id}",
            f"CSeq: {self._sequence} {method}",
            *(f"X-{name.capitalize()}: {value}" for name, value in headers.items()),
            "Content-Length: 0",
        ]
        self._control.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), self.local)

    async def ended(self, limit: float = 5.0) -> int:
        """SIPp's exit code once a single call is over."""
        assert self._process is not None
        async with asyncio.timeout(limit):
            return await self._process.wait()

    async def stop(self) -> None:
        """Kill the process by its pid, at once; the phone is then unreachable."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                # Not process.kill(): it may collect the exit code before asyncio does, which then complains.
                os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        self._read()
        self._close()

    def _path(self, kind: str) -> Path:
        return self.directory / f"{self.name}.{kind}"

    def _read(self) -> None:
        if self._fd is None:
            return
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._fd, 65536):
                self._log.write(data)
                self._log.flush()
                for message in self._trace.feed(data):
                    if not message.method.startswith("X") and "@control" not in message.headers.get("from", ""):
                        self.on_message(message)

    def _close(self) -> None:
        if self._fd is not None:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._log.close()
            self._fd = None
            self._path("pipe").unlink(missing_ok=True)
        if self._control is not None:
            self._control.close()
            self._control = None


def _bound(port: int) -> bool:
    """Whether some process of this machine has the UDP port."""
    wanted = f":{port:04X} "
    return any(wanted in line[:30] for line in Path("/proc/net/udp").read_text().splitlines()[1:])
