"""On which addresses the service may run without keys."""

from pathlib import Path

import pytest

from tumorscope.api.auth.security import refuse_exposure
from tumorscope.domain.errors import SetupInvalid


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_service_on_loopback_needs_no_keys(host: str) -> None:
    refuse_exposure(host, None, insecure=False)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "", "10.0.0.5", "fe80::1", "radiology.example", "127.0.0.1.example"],  # noqa: S104
)
def test_service_on_other_addresses_needs_keys_or_the_operators_permission(host: str) -> None:
    with pytest.raises(SetupInvalid, match=r"TUMORSCOPE_API_KEYS_FILE.*TUMORSCOPE_INSECURE_NO_API_KEYS=true"):
        refuse_exposure(host, None, insecure=False)
    refuse_exposure(host, Path("keys"), insecure=False)
    refuse_exposure(host, None, insecure=True)
