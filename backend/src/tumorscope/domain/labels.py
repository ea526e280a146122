"""Class names of the models, and the labels that training pictures carry."""

NO_TUMOR = "no_tumor"
"""The one class name with a meaning to the code: ``tumor_probability`` is 1 - P(no_tumor)."""

DEFAULT_CLASS_NAMES = ("glioma", "meningioma", NO_TUMOR, "pituitary")
"""Classes of the default model, in the order of its outputs. A served model's own are in its manifest."""

TUMOR_OF_UNSTATED_KIND = "tumor"
"""A training label, never a class of the default model: a tumour whose kind the source does not say."""


def allowed_classes(label: str, class_names: tuple[str, ...]) -> tuple[str, ...]:
    """Classes that a picture with `label` may truly belong to.

    Parameters
    ----------
    label : str
        A class name, or ``"tumor"`` for a tumour of unstated kind.
    class_names : tuple of str
        The model's classes.

    Returns
    -------
    tuple of str
        One class, or every tumour class for a tumour of unstated kind.

    Raises
    ------
    ValueError
        The label is neither.
    """
    if label in class_names:
        return (label,)
    if label == TUMOR_OF_UNSTATED_KIND:
        return tuple(name for name in class_names if name != NO_TUMOR)
    raise ValueError(f"label {label!r} is none of {', '.join(class_names)}")
