"""The environment in, the service's settings out; read by `create_app` and the command line only."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tumorscope.domain.errors import SetupInvalid
from tumorscope.inference.engines.choose import EngineChoice
from tumorscope.model.manifest import OperatingPoint
from tumorscope.model.store import DEFAULT_BUNDLE


def _split(value: str) -> list[str]:
    return [name.strip().lower() for name in value.split(",") if name.strip()]


# pydantic-settings would take JSON.
_Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """Each field is the environment variable ``TUMORSCOPE_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TUMORSCOPE_", frozen=True)

    bundle: Path = Field(DEFAULT_BUNDLE, description="Folder of the model bundle, or a store of several.")
    max_part_mib: int = Field(256, ge=1, le=1024, description="Largest file that is read, in MiB.")
    max_request_mib: int = Field(256, ge=1, le=4096, description="Largest request body that is read, in MiB.")
    max_expanded_mib: int = Field(
        512, ge=1, le=16_384, description="Most that the files of one request may decompress and decode to, in MiB."
    )
    max_upload_memory_mib: int = Field(
        1024, ge=1, le=1_048_576, description="Most memory for the uploads of all requests together, in MiB."
    )
    max_decode_memory_mib: int | None = Field(
        None,
        ge=16,
        le=1_048_576,
        description="Most memory to decode and prepare the files of all requests together, in MiB; by default 30 % of "
        "the container's limit, without one 1228.",
    )
    min_upload_kib: int = Field(
        64, ge=1, le=1024, description="Least that an upload must send in every upload_window_s, in KiB."
    )
    upload_window_s: int = Field(30, ge=1, le=3600, description="See min_upload_kib.")
    max_files: int = Field(2000, ge=1, le=10_000, description="Most files in one request or archive.")
    max_megapixels: int = Field(
        64, ge=1, le=1000, description="Largest picture or frame that is decoded, in million pixels."
    )
    max_waiting: int = Field(32, ge=1, description="Most requests in the queue; further ones are refused.")
    max_wait_s: float = Field(
        5.0, gt=0, le=600, description="Longest wait of a picture; one that waits or would wait longer is refused."
    )
    max_request_s: float = Field(
        300.0, gt=0, le=86_400, description="Longest time for a whole request, from its headers to its answer."
    )
    engine: EngineChoice = Field(
        "auto",
        description="auto (a GPU, else the fastest on the CPU), litert, ncnn-int8, ncnn (float32) or tensorflow.",
    )
    engine_threads: int | None = Field(
        None, ge=1, le=256, description="Cores that one slice is computed on; by default all."
    )
    operating_point: OperatingPoint = Field(
        "balanced",
        description="Operating point: balanced, or screening, which says tumor sooner and no_tumor later.",
    )
    api_keys_file: Path | None = Field(
        None, description="File of API keys, written by `tumorscope key new`; without it, no keys are required."
    )
    insecure_no_api_keys: bool = Field(False, description="Allow other machines to use the service without API keys.")
    allowed_hosts: _Names = Field(
        "",
        validate_default=True,
        description="Names, separated by commas, by which clients reach the service, besides localhost and any IP "
        "address.",
    )
    allowed_origins: _Names = Field(
        "",
        validate_default=True,
        description="Other origins, separated by commas, whose pages may use the service in a browser (CORS), such as "
        "https://viewer.example.",
    )
    shadow_slices: int = Field(
        20, ge=0, le=1000, description="Live slices of shadow traffic that a new model answers before it serves."
    )
    shadow_s: int = Field(60, ge=1, le=86_400, description="Longest duration of the shadow traffic, in seconds.")
    drain_s: int = Field(
        2, ge=0, le=300, description="How long the service drains after SIGTERM before it closes its port, in seconds."
    )
    threads: int | None = Field(
        None, ge=1, le=256, description="Pictures processed at the same time; by default two more than cores."
    )

    @model_validator(mode="after")
    def _check_memory(self) -> Self:
        if self.max_upload_memory_mib < self.max_request_mib:
            raise ValueError(
                "max_upload_memory_mib is less than max_request_mib, so a large upload could never be read"
            )
        return self


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    SetupInvalid
        A variable is invalid; the message names it without its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            f"TUMORSCOPE_{str(fault['loc'][0]).upper()}: {fault['msg']}" if fault["loc"] else fault["msg"]
            for fault in error.errors(include_input=False)
        ]
        raise SetupInvalid("\n".join(faults)) from error
