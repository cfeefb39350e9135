"""What the config leads to (settings, keys, sounds), read before anything is opened: a mistake ends the start there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from callbackd.ami.client import Address as AmiAddress
from callbackd.app import do_not_call
from callbackd.ari.client import Address as AriAddress
from callbackd.config.build import secret, settings_of
from callbackd.config.sections import Config
from callbackd.domain.settings import Settings


@dataclass(frozen=True, slots=True)
class Given:
    config: Config
    settings: Settings
    list_key: do_not_call.Key
    ari: AriAddress
    ami: AmiAddress

    @classmethod
    def by(cls, config: Config) -> Self:
        """All of it, read by this config. Makes the key of the do-not-call list at the first start. Raises
        ``ConfigError``."""
        list_key = do_not_call.key(config.state_dir)
        return cls(
            config,
            settings_of(config, list_key.secret),
            list_key,
            AriAddress(config.ari.url, config.ari.user, secret(config.ari, "ari"), config.ari.app),
            AmiAddress(config.ami.host, config.ami.port, config.ami.user, secret(config.ami, "ami")),
        )
