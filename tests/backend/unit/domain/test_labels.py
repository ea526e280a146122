"""A label says which classes a picture may truly belong to."""

import pytest

from tumorscope.domain.labels import DEFAULT_CLASS_NAMES, allowed_classes


@pytest.mark.parametrize("name", DEFAULT_CLASS_NAMES)
def test_class_name_allows_itself_alone(name: str) -> None:
    assert allowed_classes(name, DEFAULT_CLASS_NAMES) == (name,)


def test_tumour_of_unstated_kind_allows_every_tumour_and_nothing_else() -> None:
    assert allowed_classes("tumor", DEFAULT_CLASS_NAMES) == ("glioma", "meningioma", "pituitary")


def test_model_with_a_class_called_tumor_means_just_that() -> None:
    assert allowed_classes("tumor", ("no_tumor", "tumor", "cyst")) == ("tumor",)


def test_unknown_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="'fracture' is none of glioma"):
        allowed_classes("fracture", DEFAULT_CLASS_NAMES)
