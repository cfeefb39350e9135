"""A real Asterisk of one's own, up in about a second.

async with Asterisk(slot) as asterisk:
    print(asterisk.ari_url, await asterisk.cli("core show version"))
"""

import asyncio
import contextlib
import re
import secrets
import signal
from collections.abc import Mapping
from pathlib import Path

from lab.installed import Installed, find_asterisk
from lab.music import write_music
from lab.slots import HOST, Slot

CONFIG = Path(__file__).resolve().parents[1] / "asterisk-config"
AGENTS = tuple(f"agent{number}" for number in range(1, 7))
CALLER_HOST = "127.0.0.2"
"""A phone that calls from this address is a caller from outside, whatever its From is; keys by RFC 4733."""
CALLER_INFO_HOST = "127.0.0.3"
"""The same, keys by SIP INFO."""


class AsteriskFailed(RuntimeError):
    """It did not start, or a command could not be run; the text holds what it logged."""


class Asterisk:
    """An Asterisk in a slot. Everything it writes is in `dir`; it dies with this process.

    `variables` become dialplan globals (CBD_DEADMAN ...). With `qualify_s` Asterisk sends the agents' phones an OPTIONS
    every that many seconds, which they must answer.
    """

    ari_user = "callbackd"
    ami_user = "callbackd"

    def __init__(
        self,
        slot: Slot,
        *,
        variables: Mapping[str, str] | None = None,
        qualify_s: int = 0,
        installed: Installed | None = None,
    ) -> None:
        found = installed or find_asterisk()
        if found is None:
            raise AsteriskFailed("no Asterisk here is new enough: run script/setup")
        self.installed = found
        self.slot = slot
        self.dir = slot.dir / "asterisk"
        self.sip_port, self.ari_port, self.ami_port = slot.sip, slot.ari, slot.ami
        self.ari_url = f"http://{HOST}:{slot.ari}/ari"
        self.ari_password, self.ami_password = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.agent_ports = dict(zip(AGENTS, slot.phones_sip, strict=False))
        """Where each agent's phone must listen, on 127.0.0.1."""
        self.trunk_port, self.trunk_info_port = slot.phones_sip[10], slot.phones_sip[11]
        """Where the phones of all customers must listen, on 127.0.0.1: dialled as PJSIP/<number>@trunk, @trunk-info."""
        self.caller_ports = slot.phones_sip[20:]
        """For the phones of callers, on CALLER_HOST or CALLER_INFO_HOST."""
        self._variables = dict(variables or {})
        self._qualify_s = qualify_s
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Asterisk":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Returns when it is fully booted. Also after `kill()` or `stop()`: same ports and passwords, astdb kept."""
        if self.pid is not None:
            raise AsteriskFailed("it is running already")
        self._write()
        with (self.dir / "log/stderr").open("ab") as stderr:
            self._process = await asyncio.create_subprocess_exec(
                # However the tests end, Asterisk ends with them.
                *("setpriv", "--pdeathsig=KILL", *self.installed.command),
                *("-f", "-C", str(self.dir / "etc/asterisk.conf")),
                cwd=self.dir,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(30):
                await self._booted(self._process)
        except BaseException as error:
            await self.kill()
            if isinstance(error, TimeoutError):
                raise AsteriskFailed(f"not booted in 30 s\n{self._last_words()}") from None
            raise

    async def _booted(self, process: asyncio.subprocess.Process) -> None:
        while True:
            if process.returncode is not None:
                raise AsteriskFailed(f"it ended with {process.returncode}\n{self._last_words()}")
            if (self.dir / "run/asterisk.ctl").exists():
                with contextlib.suppress(AsteriskFailed):
                    if "fully booted" in await self.cli("core waitfullybooted"):
                        break
            await asyncio.sleep(0.02)
        if missing := [line for line in self.log().splitlines() if re.search(r"(ERROR|WARNING).* loader\.c", line)]:
            raise AsteriskFailed("it booted, but not all of it\n" + "\n".join(missing[:10]))

    async def stop(self) -> None:
        """As an operator does: calls are hung up, modules unloaded."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.thaw()
        with contextlib.suppress(AsteriskFailed):
            await self.cli("core stop now")
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL: Asterisk tells nobody that it ends."""
        if (process := self._process) is not None and process.returncode is None:
            process.kill()
            await process.wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None and self._process is not None:
            self._process.send_signal(number)

    async def cli(self, command: str) -> str:
        """The output of a command on Asterisk's console. Raises ``AsteriskFailed``."""
        process = await asyncio.create_subprocess_exec(
            *self.installed.command,
            *("-C", str(self.dir / "etc/asterisk.conf"), "-rx", command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(20):
                said, _ = await process.communicate()
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if isinstance(error, TimeoutError):
                raise AsteriskFailed(f"no answer in 20 s to: {command}") from None
            raise
        text = said.decode(errors="replace")
        if process.returncode:
            raise AsteriskFailed(f"{command}: {text.strip()}")
        return text

    def log(self) -> str:
        """Everything it logged since the first start, verbose lines of the dialplan included."""
        path = self.dir / "log/full"
        return path.read_text(errors="replace") if path.exists() else ""

    def problems(self) -> list[str]:
        """The warnings and errors in `log()`."""
        lines = [*self.log().splitlines(), *(self.dir / "log/stderr").read_text(errors="replace").splitlines()]
        return [line for line in lines if re.search(r"\b(WARNING|ERROR)\b", line)]

    def _last_words(self) -> str:
        return "\n".join([*(self.dir / "log/stderr").read_text().splitlines(), *self.log().splitlines()][-30:])

    @property
    def event_log(self) -> Path:
        """The file in which Asterisk records every channel."""
        return self.dir / "log/cel-custom/callbackd.csv"

    # --- the files ---

    def _write(self) -> None:
        for name in ("etc", "log", "run", "db", "keys", "log/cel-custom", "agi", "data", "spool/recording"):
            (self.dir / name).mkdir(parents=True, exist_ok=True)
        write_music(self.dir / "music")
        for part in ("documentation", "rest-api"):
            self._link(self.dir / "data" / part, self.installed.data / part)
        # Debian's language names are links through /etc, which lead nowhere outside that system.
        sounds = self.installed.data / "sounds"
        (self.dir / "data/sounds").mkdir(exist_ok=True)
        english = next((path for path in sorted(sounds.glob("en*")) if (path / "queue-thankyou.gsm").exists()), None)
        if english:
            self._link(self.dir / "data/sounds/en", english)
        for template in (CONFIG / "lab").glob("*.conf"):
            self._config(template.name, self._fill(template.read_text()))
        # What an operator includes, the very same files, with what an operator sets in them.
        passwords = {"ari_callbackd.conf": self.ari_password, "manager_callbackd.conf": self.ami_password}
        for name in ("extensions_callbackd.conf", "cel_callbackd.conf", *passwords):
            self._config(name, (CONFIG / name).read_text().replace("CHANGE-ME", passwords.get(name, "")))

    def _config(self, name: str, text: str) -> None:
        path = self.dir / "etc" / name
        path.touch(mode=0o640)
        path.write_text(text)

    @staticmethod
    def _link(link: Path, target: Path) -> None:
        link.unlink(missing_ok=True)
        if target.exists():
            link.symlink_to(target)

    def _fill(self, template: str) -> str:
        words = {
            "DIR": self.dir,
            "MODULES": self.installed.modules,
            "CONTROL_HOST": HOST,
            "SIP_HOST": HOST,
            "PHONE_HOST": HOST,
            "CALLERS": CALLER_HOST,
            "CALLERS_INFO": CALLER_INFO_HOST,
            "IDENTIFY_BY": "ip,username",
            "SIP_PORT": self.sip_port,
            "ARI_PORT": self.ari_port,
            "AMI_PORT": self.ami_port,
            "RTP_START": self.slot.asterisk_rtp[0],
            "RTP_END": self.slot.asterisk_rtp[-1],
            "QUALIFY_S": self._qualify_s,
            "TRUNK_PORT": self.trunk_port,
            "TRUNK_INFO_PORT": self.trunk_info_port,
            "AGENTS": "\n".join(self._agent(name, port) for name, port in self.agent_ports.items()),
            "GLOBALS": "\n".join(f"{name} = {value}" for name, value in self._variables.items()),
        }
        return re.sub(r"@([A-Z_]+)@", lambda found: str(words[found[1]]), template)

    @staticmethod
    def _agent(name: str, port: int) -> str:
        return (
            f'[{name}](agent)\naors = {name}\ncallerid = "{name}" <{name}>\n'
            f"[{name}](agent-aor)\ncontact = sip:{name}@{HOST}:{port}\n"
        )
