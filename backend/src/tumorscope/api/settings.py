"""The environment in, the service's settings out; read by `create_app` and the command line only."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_CHECKOUT_BUNDLE = Path(__file__).parents[3] / "models" / "default"


class Settings(BaseSettings):
    """Each field is the variable of its name in capitals behind ``TUMORSCOPE_``."""

    model_config = SettingsConfigDict(env_prefix="TUMORSCOPE_", frozen=True)

    bundle: Path = Field(_CHECKOUT_BUNDLE, description="Folder of the model bundle.")
    max_part_mib: int = Field(32, ge=1, le=1024, description="Largest file that is read, in MiB.")
    max_request_mib: int = Field(64, ge=1, le=4096, description="Largest request body that is read, in MiB.")
    max_files: int = Field(16, ge=1, le=10_000, description="Most files in one request.")
    max_megapixels: int = Field(64, ge=1, le=1000, description="Largest picture that is decoded, in million pixels.")
    max_waiting: int = Field(64, ge=1, description="Requests that may wait for the model before others are sent away.")
    threads: int = Field(2, ge=1, le=256, description="Pictures that are worked on at the same time.")
