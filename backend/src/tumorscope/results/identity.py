"""The images that were read, the model and its settings in, the same UIDs for the same answer out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.uid import generate_uid

from tumorscope import MANUFACTURER
from tumorscope.domain.scan import DicomOrigin
from tumorscope.presentation.answer import ModelDescription
from tumorscope.version import VERSION

# Of the report, the map and the picture, beyond those that scanners count up to.
_SERIES_NUMBERS = {"report": 9001, "heat map": 9002, "picture": 9003}


@dataclass(frozen=True, slots=True)
class Identity:
    """What the UIDs of an answer's objects are made of, and the device that states them.

    A repeat gives the same UIDs, so that an archive keeps one copy; another model, setting, version or set of images
    gives others.
    """

    sources: tuple[str, ...]
    model: ModelDescription

    def make_uid(self, *what: str) -> str:
        """Make the UID of a series or an instance, or of what is tracked."""
        model = self.model
        settings = (VERSION, model.sha256, model.engine, str(model.operating_point))
        return str(generate_uid(entropy_srcs=[*self.sources, *settings, *what]))

    def describe(self, what: str) -> dict[str, Any]:
        """Give the arguments that highdicom takes for any object."""
        return {
            "series_instance_uid": self.make_uid(what, "series"),
            "series_number": _SERIES_NUMBERS[what],
            "series_description": f"Tumorscope {what}, investigational",
            "sop_instance_uid": self.make_uid(what, "instance"),
            "instance_number": 1,
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": self.model.name[:64],
            "software_versions": (VERSION, self.model.version[:64]),
            "device_serial_number": self.model.sha256[:64],
        }


def identify(origin: DicomOrigin, model: ModelDescription) -> Identity:
    """Find the identity of an answer to the images of an origin, whatever their order."""
    return Identity(tuple(sorted(_name_images(origin))), model)


def _name_images(origin: DicomOrigin) -> Sequence[str]:
    return [f"{image.sop_instance_uid}#{image.frame_number or 1}" for image in origin.images]
