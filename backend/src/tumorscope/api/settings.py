"""The environment in, the service's settings out; read by `create_app` and the command line only."""

from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tumorscope.domain.errors import SetupInvalid
from tumorscope.inference.engines.choose import EngineChoice
from tumorscope.model.manifest import OperatingPoint
from tumorscope.model.store import DEFAULT_BUNDLE


class Settings(BaseSettings):
    """Each field is the variable of its name in capitals behind ``TUMORSCOPE_``."""

    model_config = SettingsConfigDict(env_prefix="TUMORSCOPE_", frozen=True)

    bundle: Path = Field(DEFAULT_BUNDLE, description="Folder of the model bundle, or a store of several.")
    max_part_mib: int = Field(256, ge=1, le=1024, description="Largest file that is read, in MiB.")
    max_request_mib: int = Field(256, ge=1, le=4096, description="Largest request body that is read, in MiB.")
    max_expanded_mib: int = Field(
        512, ge=1, le=16_384, description="What the files of one request may unpack and decode to, in MiB."
    )
    max_upload_memory_mib: int = Field(
        1024, ge=1, le=1_048_576, description="What the files of all requests may hold in memory at one time, in MiB."
    )
    min_upload_kib: int = Field(
        64, ge=1, le=1024, description="What has to come of an upload, or its end, in every upload_window_s, in KiB."
    )
    upload_window_s: int = Field(30, ge=1, le=3600, description="See min_upload_kib.")
    max_files: int = Field(2000, ge=1, le=10_000, description="Most files in one request or archive.")
    max_megapixels: int = Field(
        64, ge=1, le=1000, description="Largest picture or frame that is decoded, in million pixels."
    )
    max_waiting: int = Field(32, ge=1, description="Requests that may wait for the model before others are sent away.")
    engine: EngineChoice = Field(
        "auto", description="auto takes a GPU, else int8 on the CPU where the bundle has it; litert; tensorflow."
    )
    engine_threads: int | None = Field(
        None, ge=1, le=256, description="Cores that work on one slice with litert; by default all that there are."
    )
    operating_point: OperatingPoint = Field(
        "balanced", description="What errors weigh: screening (a tumour that is overlooked most) or balanced."
    )
    api_keys_file: Path | None = Field(
        None, description="File of API keys, as `tumorscope key new` writes it; without it, none are asked for."
    )
    insecure_no_api_keys: bool = Field(
        False, description="Serve without API keys whoever reaches the service, also from other machines."
    )
    shadow_slices: int = Field(
        20,
        ge=0,
        le=1000,
        description="Live slices that a new model answers, unseen, before it serves.",
    )
    shadow_s: int = Field(60, ge=1, le=86_400, description="So long at most it waits for them.")
    drain_s: int = Field(
        2,
        ge=0,
        le=300,
        description="So long it still answers after SIGTERM while it already says that it is not ready.",
    )
    threads: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Pictures that are worked on at the same time; by default two more than there are cores.",
    )

    @model_validator(mode="after")
    def _check_memory(self) -> Self:
        if self.max_upload_memory_mib < self.max_request_mib:
            raise ValueError("max_upload_memory_mib is less than max_request_mib: a large upload could never be read")
        return self


def read_settings() -> Settings:
    """The settings of the environment.

    Raises
    ------
    SetupInvalid
        A variable makes no sense; it is named, and its value is not quoted.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            f"TUMORSCOPE_{str(fault['loc'][0]).upper()}: {fault['msg']}" if fault["loc"] else fault["msg"]
            for fault in error.errors(include_input=False)
        ]
        raise SetupInvalid("\n".join(faults)) from error
