"""Settings of one installation: the only module of ``pipelines`` that reads the environment.

Prefix ``MAYAK_``; an unknown ``MAYAK_`` variable is refused, because a misspelt one would silently be a default.
``MAYAK_SOURCES__<NAME>__URL`` holds the URL of the source of that name.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.errors import BadConfiguration
from pipelines.pseudonyms import Pseudonyms

PREFIX = "MAYAK_"
#: Set by Mayak itself for the dbt process it starts (dbt_like/profiles.yml); no setting.
DBT_WAREHOUSE = "MAYAK_DBT_WAREHOUSE"
#: And the day that a run speaks of: as a variable it would make dbt read its whole project anew every day.
DBT_AS_OF = "MAYAK_DBT_AS_OF"
#: And a hash of the rules by which days are built (pipelines/transform.py).
DBT_RULES = "MAYAK_DBT_RULES"
#: HMAC keys shorter than 128 bits can be searched; RFC 2104 asks for at least the hash's strength where one can.
KEY_BYTES_MIN = 16

#: Said of the one setting without a default, the pseudonym key.
_UNSET = 'is not set; `python3 -c "import secrets; print(secrets.token_hex(32))"` makes one, to be kept for ever'

#: What holds sql/ and dbt_like/ beside the code: the checkout, or the folder that a wheel is installed into.
PROJECT = Path(__file__).resolve().parent.parent
SQL_FOLDER = PROJECT / "sql"
DBT_FOLDER = PROJECT / "dbt_like"


class SourceSecrets(BaseModel):
    """What the environment holds for one source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: SQLAlchemy URL of a database, or the address of a mailbox or web service, with user and password where it needs them.
    url: SecretStr | None = None
    #: Token of a web service.
    token: SecretStr | None = None


class Settings(BaseSettings):
    """Where things are and what must stay secret."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    #: The programme file.
    programme: Path = Path("programme.toml")
    #: Folder of everything Mayak makes: warehouse, models, deliveries.
    home: Path = Path("var")
    #: DuckDB file; default: <home>/warehouse.duckdb.
    warehouse: Path | None = None
    #: Secret under which pseudonyms are made. One installation, one key, for ever.
    pseudonym_key: SecretStr = Field(default=...)
    #: Memory for the warehouse engine, as DuckDB writes it ("4GB"); default: DuckDB's own (80 % of the machine).
    memory_limit: str | None = None
    #: Server that takes mail: smtps://user:password@host or smtp://user:password@host:587; without it nothing is mailed.
    mail_url: SecretStr | None = None
    #: Sender of the lists ("Маяк <mayak@example.org>"); its mailbox, read as a source, tells of bounces.
    mail_from: str | None = None
    #: Addresses of engineers, separated by commas, that are mailed when a run of Dagster's fails; needs the two above.
    alert_to: str | None = None
    #: Address of the curator's page as curators reach it; stands in the mails.
    page_url: str | None = None
    #: Token of the Telegram bot that tells curators of their lists; without it no message is sent.
    telegram_token: SecretStr | None = None
    #: Address of the Bot API: Telegram's own, or a server of one's own.
    telegram_url: str = "https://api.telegram.org"
    #: By name of the source, in lower case.
    sources: dict[str, SourceSecrets] = {}

    @field_validator("pseudonym_key")
    @classmethod
    def _key_is_long(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value().encode()) < KEY_BYTES_MIN:
            raise ValueError(f"must have at least {KEY_BYTES_MIN} bytes")
        return value

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file."""
        return (self.warehouse or self.home / "warehouse.duckdb").resolve()

    @property
    def deliveries_folder(self) -> Path:
        """Where lists and reports are written."""
        return (self.home / "deliveries").resolve()

    @property
    def page_store(self) -> Path:
        """What the curator's page writes: accounts, sessions, marks, who saw whom."""
        return (self.home / "page" / "store.sqlite").resolve()

    @property
    def page_day(self) -> Path:
        """The day as the curator's page shows it."""
        return (self.home / "page" / "day.sqlite").resolve()

    @property
    def outbox_folder(self) -> Path:
        """Mails that wait to be sent."""
        return (self.home / "outbox").resolve()

    @property
    def returned_folder(self) -> Path:
        """Where workbooks with marks are dropped."""
        return (self.home / "returned").resolve()

    @property
    def models_folder(self) -> Path:
        """Where risk models are kept."""
        return (self.home / "models").resolve()

    @property
    def pseudonyms(self) -> Pseudonyms:
        """Pseudonyms under this installation's key."""
        return Pseudonyms(self.pseudonym_key.get_secret_value().encode())

    @property
    def alert_addresses(self) -> tuple[str, ...]:
        """Who is mailed when a run fails."""
        return tuple(address.strip() for address in (self.alert_to or "").split(",") if address.strip())

    def url_of(self, source_name: str) -> str | None:
        """URL of a source, if the environment has one."""
        secrets = self.sources.get(source_name)
        return secrets.url.get_secret_value() if secrets and secrets.url else None

    def token_of(self, source_name: str) -> str | None:
        """Token of a source, if the environment has one."""
        secrets = self.sources.get(source_name)
        return secrets.token.get_secret_value() if secrets and secrets.token else None


def read_settings() -> Settings:
    """Settings from the environment. Raises BadConfiguration naming the variable; never prints a value."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    strangers = sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX)
        and name not in known | {DBT_WAREHOUSE, DBT_AS_OF, DBT_RULES}
        and not name.startswith(f"{PREFIX}SOURCES__")
    )
    if strangers:
        raise BadConfiguration(
            f"unknown setting(s): {', '.join(strangers)}; known: {', '.join(sorted(known))} (of a source: {PREFIX}SOURCES__<NAME>__URL, …__TOKEN)"
        )
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"{PREFIX}{'__'.join(str(part) for part in item['loc']).upper()}: {_UNSET if item['type'] == 'missing' else item['msg']}"
            for item in error.errors()
        )
        raise BadConfiguration(f"settings: {wrong}") from None
