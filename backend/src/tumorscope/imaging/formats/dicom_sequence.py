"""A DICOM data set in, what kind of MR image it states out, and its weighting.

Descriptions are read by whole tokens; a weighting that the times and the technique contradict is unknown.
"""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from pydicom.dataset import Dataset

from tumorscope.domain.scan import SequenceName
from tumorscope.imaging.formats.dicom_dataset import read_value
from tumorscope.imaging.formats.dicom_instance import (
    find_image_type,
    find_number,
    is_derived_map,
    is_localizer,
    is_no_magnitude,
)
from tumorscope.imaging.formats.dicom_pixels import find_functional_groups

ImageKind = Literal[
    "anatomical",
    "susceptibility",
    "diffusion",
    "perfusion",
    "functional",
    "angiography",
    "field_map",
    "derived_map",
    "localizer",
]
"""What an image shows, in the order in which series are preferred."""

_KIND_TOKENS: dict[ImageKind, str] = {
    "localizer": "loc 3pl smartbrain",
    "field_map": "b0map b1map b1 fieldmap field fmap b0 shim topup",
    "diffusion": "dwi dti diff diffusion adc eadc trace tracew hardi resolve dki noddi dwibs colfa tensor ivim",
    "perfusion": "perf perfusion pwi asl pcasl pasl dsc dce cbf cbv mtt ttp rcbv rcbf tmax",
    "functional": "bold fmri rest resting task epi ep2d",
    "angiography": "tof mra mrv angio angiography venography venogram pca inhance trance tricks twist",
    "susceptibility": "swi swan swip venobold susceptibility t2* medic hemo mip minip",
    "derived_map": "map maps mapit phase pha subtraction sub synthetic",
}
_KIND_NAMES = {kind: set(names.split()) for kind, names in _KIND_TOKENS.items()}
_KIND_TYPES: dict[ImageKind, set[str]] = {
    "field_map": {"FIELD_MAP", "B0 MAP", "PHASE MAP"},
    "diffusion": {"DIFFUSION", "ADC", "FA", "TRACEW", "TENSOR"},
    "perfusion": {"PERFUSION", "ASL", "CBF", "CBV", "MTT", "TTP"},
    "functional": {"FMRI"},
    "angiography": {"TOF", "ANGIO", "MIP", "MAXIMUM INTENSITY PROJECTION", "PROJECTION IMAGE"},
    "susceptibility": {"SWI", "MINIP"},
    "derived_map": set(),
    "localizer": {"LOCALIZER"},
}

# From this echo time on an image may be T2-weighted, and is from the next one, if nothing is named; with an inversion
# time this long, which nulls fluid, it is FLAIR; with a shorter one, but longer than those that null fat, T1-weighted.
_MIN_T2_ECHO_MS, _LONG_ECHO_MS = 40.0, 60.0
_FLUID_NULLED_MS, _FAT_NULLED_MS = 1500.0, 300.0
# A spin echo is T1-weighted below the first repetition time, and is not above the second.
_T1_REPETITION_MS, _LONG_REPETITION_MS = 1000.0, 1500.0

# A weighting and what is written together with it (``T1W``, Philips' ``sT1W``, ``t2flair``) become separate tokens.
_WEIGHTING = re.compile(r"[es]?(t[12])(?:w(?:i|eighted)?)?(?!\d)(.*)")
_T1_NAMES = ("mprage", "mp2rage", "rage", "spgr", "fspgr", "irspgr", "bravo", "vibe", "thrive")
_GRADIENT_ECHOES = {"flash", "ffe", "tfe", "gre", "medic", "hemo", "fl2d", "fl3d", "swi", "swan"}
_MAPPED = {"map", "maps", "mapping", "rho", "mapit"}
_AGENT = {"+c", "gd", "gad", "gado", "gadolinium", "gadovist", "dotarem", "ce", "contrast", "enhanced", "km"}
_AGENT |= {"postcontrast", "postgad", "postgd"}
_NO_AGENT = {"pre", "precontrast", "nativ", "native", "unenhanced", "noncontrast", "noncon", "-c", "without", "wo"}
_NEGATIONS = {"no", "non", "ohne", "sans", *_NO_AGENT}
# What comes after, and is no contrast agent.
_NOT_POST = {"fossa", "op", "operative", "surgery", "rt", "processed", "processing"}


def find_kind(dataset: Dataset, frame: int) -> ImageKind:
    """What a frame shows, by Image Type, technique and names; ``anatomical`` where nothing states another kind."""
    if is_localizer(dataset):
        return "localizer"
    stated, tokens = set(find_image_type(dataset)), set(_split(dataset))
    for kind, names in _KIND_NAMES.items():
        if stated & _KIND_TYPES[kind] or tokens & names:
            return kind
    if find_number(find_functional_groups(dataset, frame), "MRDiffusionSequence", "DiffusionBValue", dataset):
        return "diffusion"
    if read_value(dataset, "AngioFlag") == "Y":
        return "angiography"
    if is_derived_map(dataset) or is_no_magnitude(dataset):
        return "derived_map"
    technique = _list(dataset, "ScanningSequence")
    return "functional" if "EP" in technique and not tokens & {"t1", "t2", "flair"} else "anatomical"


def find_sequence(dataset: Dataset, frame: int) -> SequenceName | None:
    """The weighting that the description names and the attributes allow, or that they tell alone.

    Returns
    -------
    {'flair', 't1', 't1ce', 't2'}, or None
        None where nothing tells, where description and attributes disagree, and for T2*, proton density and maps.
    """
    tokens = _split(dataset)
    allowed, told = _weigh_attributes(dataset, frame)
    if _MAPPED & set(tokens):
        return None
    named = _name_weighting(tokens)
    weighting = told if not named else named[0] if len(named) == 1 and named[0] in allowed else None
    if weighting != "t1":
        return weighting
    is_stated, named_agent = _states_agent(dataset), _name_agent(tokens)
    if False in named_agent and is_stated != (True in named_agent):
        return None
    return "t1ce" if is_stated or True in named_agent else "t1"


def _split(dataset: Dataset) -> tuple[str, ...]:
    """The tokens of the description, or of the protocol's name where there is none."""
    return _split_name(
        str(read_value(dataset, "SeriesDescription") or read_value(dataset, "ProtocolName") or "").lower()
    )


@lru_cache(maxsize=64)
def _split_name(name: str) -> tuple[str, ...]:
    name = re.sub(r"\bw\s?/\s?o\b", " without ", name.replace("_", " "))
    name = re.sub(r"t2w?\s?(\*|star)", " t2* ", name)
    name = re.sub(r"(\+\s?c|\bc\s?\+)(?![a-z])|\+\s?(?=gd|gad|km|contrast)", " +c ", name)
    name = re.sub(r"(?<=\s)-c\b|\bc-(?=\s|$)", " -c ", name)
    tokens = []
    for word in re.findall(r"[+-]c(?![a-z0-9])|t2\*|[a-z0-9]+", name):
        glued = _WEIGHTING.fullmatch(word)
        tokens += [word] if glued is None or word == "t2*" else [glued[1], "+c" if glued[2] == "c" else glued[2]]
    return tuple(token for token in tokens if token)


@lru_cache(maxsize=64)
def _name_weighting(tokens: tuple[str, ...]) -> list[SequenceName | None]:
    """The weightings that a description names: None stands for T2* and proton density."""
    present, pairs = set(tokens), {*pairwise(tokens)}
    is_t1 = "t1" in present or any(token.startswith(_T1_NAMES) for token in tokens)
    fluid_nulled = present & {"flair", "darkfluid"} or pairs & {("dark", "fluid"), ("da", "fl")}
    named: list[SequenceName | None] = ["t1"] if is_t1 else []
    if "t2*" in present or ("t2" in present and present & _GRADIENT_ECHOES):
        named.append(None)
    elif fluid_nulled and not is_t1:
        named.append("flair")
    elif "t2" in present:
        named.append("t2")
    if present & {"pd", "pdw", "pdwi", "proton"} and None not in named:
        named.append(None)
    return named


def _name_agent(tokens: tuple[str, ...]) -> set[bool]:
    """Whether a description names a contrast agent, or says that there is none; perhaps neither, or both."""
    said = set[bool]()
    for index, word in enumerate(tokens):
        before, after = tokens[index - 1] if index else "", tokens[index + 1] if index + 1 < len(tokens) else ""
        if word in _NO_AGENT:
            said.add(False)
        elif word in _AGENT or (word == "post" and after not in _NOT_POST):
            said.add(before not in _NEGATIONS)
    return said


def _states_agent(dataset: Dataset) -> bool:
    agent = str(read_value(dataset, "ContrastBolusAgent") or "").strip().lower()
    return agent not in {"", "no", "none", "n", "0", "without"} or bool(
        read_value(dataset, "ContrastBolusAgentSequence")
    )


def _weigh_attributes(dataset: Dataset, frame: int) -> tuple[set[SequenceName], SequenceName | None]:
    """The weightings that times and technique allow, and the one that they tell alone (PS3.3, C.8.3.1, C.8.13.5)."""
    groups = find_functional_groups(dataset, frame)
    echo = find_number(groups, "MREchoSequence", "EffectiveEchoTime", dataset) or find_number(
        [], "", "EchoTime", dataset
    )
    repetition = find_number(groups, "MRTimingAndRelatedParametersSequence", "RepetitionTime", dataset)
    inversion = find_number(groups, "MRModifierSequence", "InversionTimes", dataset) or find_number(
        [], "", "InversionTime", dataset
    )
    technique = _list(dataset, "ScanningSequence")
    is_prepared = "IR" in technique or "MP" in _list(dataset, "SequenceVariant")
    is_gradient_echo = "GR" in technique and "SE" not in technique
    allowed: set[SequenceName] = {"t1", "t2", "flair"}
    if "EP" in technique:
        allowed -= {"t1"}
    if echo:
        allowed -= {"t1"} if echo >= _MIN_T2_ECHO_MS else {"t2", "flair"}
    if inversion:
        allowed -= {"t1", "t2"} if inversion >= _FLUID_NULLED_MS else {"flair"}
    elif "SE" in technique and not is_prepared and repetition and repetition > _LONG_REPETITION_MS:
        allowed -= {"t1"}
    if is_gradient_echo:
        allowed -= {"t2", "flair"}
    told: SequenceName | None = None
    if echo and echo >= _LONG_ECHO_MS and not is_gradient_echo and "EP" not in technique:
        told = "flair" if inversion and inversion >= _FLUID_NULLED_MS else "t2"
    elif echo and "t1" in allowed:
        is_short = "SE" in technique and repetition is not None and repetition <= _T1_REPETITION_MS
        if is_short or (inversion and inversion >= _FAT_NULLED_MS) or (is_gradient_echo and is_prepared):
            told = "t1"
    return allowed, told


def _list(dataset: Dataset, keyword: str) -> list[str]:
    value = read_value(dataset, keyword) or ()
    return [value.upper()] if isinstance(value, str) else [str(part).upper() for part in value]
